import type { Command } from 'commander';
import { EXITS } from '../exit.ts';
import { Failure } from '../failure.ts';
import { document } from '../help.ts';
import { nearest } from '../nearest.ts';
import { table } from '../table.ts';

/** `portvakt help [topic]`: the help of a command, or a long text. Offline. */
export function define(command: Command): void {
  command
    .description(`Shows the help of a command, or one of the topics ${Object.keys(TOPICS).join(', ')}.`)
    .argument('[topic...]', 'a command such as token get, or a topic')
    .action(async (words: readonly string[]) => help(words, command));
  document(command, {
    examples: [
      { does: 'what the exit codes mean', run: 'portvakt help exit-codes' },
      { does: 'the same as portvakt token get --help', run: 'portvakt help token get' },
    ],
  });
}

async function help(words: readonly string[], command: Command): Promise<void> {
  const program = command.parent ?? command;
  const [first = ''] = words;
  const topic = TOPICS[first];
  if (topic) return void process.stdout.write(topic());
  const names = program.commands.map((known) => known.name());
  if (words.length > 0 && !names.includes(first)) throw unknown(first, [...names, ...Object.keys(TOPICS)]);
  await program.parseAsync([...words, '--help'], { from: 'user' });
}

function unknown(word: string, known: readonly string[]): Failure {
  const near = nearest(word, known);
  const fix = near === undefined ? `the topics are ${Object.keys(TOPICS).join(', ')}` : `did you mean ${near}?`;
  return new Failure('not-found', `there is no help on "${word}"`, { fix });
}

const TOPICS: Readonly<Record<string, () => string>> = {
  output: () => OUTPUT,
  'exit-codes': () => table(Object.entries(EXITS).map(([name, { code, when }]) => [`${code}`, name, when])),
  environment: () => ENVIRONMENT,
};

const OUTPUT = `The answer of a command goes to standard output, everything else to standard error.

  -o table   for people: columns for a list, lines for one object (the default)
  -o wide    the same with every field
  -o json    one object, or {"items": [...], "next": null} for a list
  -o yaml    the same as YAML
  -o csv     RFC 4180 with a header
  -o name    one identifier a line
  -o auto    table on a terminal, json elsewhere

The names of fields are those of the HTTP interface. PORTVAKT_OUTPUT sets
another default. With -o json an error too is JSON, on standard error:
{"error": {"code", "message", "cause", "fix", "exit_code", "retryable", ...}}.
`;

const ENVIRONMENT = `  PORTVAKT_OUTPUT    default of --output
  PORTVAKT_ISSUER    default of --issuer where a token server is asked
  PORTVAKT_PORT      default of portvakt dev --port
  PORTVAKT_DATA      data directory of portvakt serve
  PORTVAKT_PASSWORD  password of a key file; --password-file is safer
  NO_COLOR           no colours
  FORCE_COLOR        colours, also where there is no terminal
  XDG_RUNTIME_DIR    where running dev servers and cached tokens are kept;
                     without it, a private folder among the temporary files
`;
