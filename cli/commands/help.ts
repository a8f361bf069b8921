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
  contexts: () => CONTEXTS,
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

const CONTEXTS = `A context is a server, and as whom to use it. portvakt login makes one and
tries it; portvakt context lists them, chooses between them and changes them.
They lie in one file, contexts.yaml, in the folder where your system keeps
configuration (XDG_CONFIG_HOME or ~/.config on Linux), and only you can read it.
No secret stands in it: a key is named by its file, a password by a file, an
environment variable or a command.

  current: test
  contexts:
    local:
      server: http://localhost:7300/
      auth: { type: dev, client: demo-owner-admin }
    test:
      server: https://token.test.example.no/
      auth: { type: key, client_id: 7f3b0c7e-…, key_file: ~/keys/admin-test.pem }
    prod:
      server: https://token.example.no/
      auth: { type: certificate, client_id: 0d1c5a3e-…, p12_file: ~/seal.p12,
              password_env: SEAL_PASSWORD }
      protected: true

What counts is the flag, then the environment, then the nearest portvakt.yaml
from the working directory upwards, then the context, then the default.
portvakt context show --origin prints each value and where it comes from. In
portvakt.yaml the member cli may hold context, output, timeout and color. A
server and its log-in belong together: PORTVAKT_ISSUER, and the issuer in
portvakt.yaml, count only where there is no context.

Before a command takes something away (disable, revoke, remove, rotate) it says
what it hits, and asks. --yes answers; without a terminal it has to. In a
protected context every change asks, and what takes away wants the name of the
context typed; a script gives --yes and --context NAME, so that it says twice
where it works.
`;

const ENVIRONMENT = `  PORTVAKT_CONTEXT   the context that counts, unless --context says another
  PORTVAKT_OUTPUT    default of --output
  PORTVAKT_ISSUER    default of --issuer and --server where a server is asked
  PORTVAKT_PORT      default of portvakt dev --port
  PORTVAKT_DATA      data directory of portvakt serve
  PORTVAKT_WORKERS   processes that serve; without it, one for each core
  PORTVAKT_PASSWORD  password of a key file; --password-file is safer
  NO_COLOR           no colours
  FORCE_COLOR        colours, also where there is no terminal
  XDG_RUNTIME_DIR    where running dev servers and cached tokens are kept;
                     without it, a private folder among the temporary files
`;
