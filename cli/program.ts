import { Command, Option } from 'commander';
import { duration } from './duration.ts';
import { document, formatHelp } from './help.ts';
import { OUTPUT_CHOICES } from './output.ts';
import { COLOR_CHOICES } from './style.ts';
import { version } from './version.ts';

/** A command's file: it adds options, arguments and verbs to the command that is called. */
type CommandFile = { readonly define: (command: Command) => void };

/** Name, summary, and the file, which is loaded when the command is called, so that help and version stay quick. */
type Entry = readonly [name: string, summary: string, load: () => Promise<CommandFile>];

const COMMANDS: Readonly<Record<string, readonly Entry[]>> = {
  'Start:': [
    ['dev', 'run the server with a made-up world', () => import('./operator/dev.ts')],
    ['init', 'write a configuration and a data directory', () => import('./operator/init.ts')],
    ['serve', 'run the production server', () => import('./operator/serve.ts')],
    ['world', 'check a world file, print its JSON Schema', () => import('./operator/world.ts')],
    ['doctor', 'look for what is wrong', () => import('./operator/doctor.ts')],
    ['admin', 'make the first operator', () => import('./operator/admin.ts')],
    ['db', 'look after the store', () => import('./operator/db.ts')],
    ['signing-key', 'rotate the keys that the server signs with', () => import('./operator/signing-key.ts')],
    ['version', 'show what this is, and what it runs on', () => import('./commands/version.ts')],
  ],
  'Session:': [
    ['login', 'make a context: a server, and as whom to use it', () => import('./commands/login.ts')],
    ['logout', 'forget as whom a context speaks', () => import('./commands/logout.ts')],
    ['whoami', 'show as whom the context speaks', () => import('./commands/whoami.ts')],
    ['context', 'list, choose and change contexts', () => import('./commands/context.ts')],
  ],
  'Organisations:': [
    ['org', 'register organisations, look them up', () => import('./commands/org.ts')],
    ['prefix', 'show, assign and release scope prefixes', () => import('./commands/prefix.ts')],
  ],
  'API owner:': [
    ['scope', 'register and find scopes', () => import('./commands/scope.ts')],
    ['access', 'say who may use which scope', () => import('./commands/access.ts')],
    ['request', 'answer requests for access', () => import('./commands/request.ts')],
  ],
  'Consumer and supplier:': [
    ['client', 'register clients', () => import('./commands/client.ts')],
    ['key', 'make, register and rotate the keys of clients', () => import('./commands/key.ts')],
    ['cert', 'bind certificates to clients', () => import('./commands/cert.ts')],
    ['ask', 'ask owners for access to scopes', () => import('./commands/ask.ts')],
  ],
  'Acting for others:': [
    ['delegation', 'say which suppliers may act for you', () => import('./commands/delegation.ts')],
    ['system', 'register the systems that you sell', () => import('./commands/system.ts')],
    ['systemuser', 'let systems act for customers', () => import('./commands/systemuser.ts')],
    ['consent', 'show and withdraw consents', () => import('./commands/consent.ts')],
    ['source', 'say who else is asked (operator)', () => import('./commands/source.ts')],
  ],
  'Operator:': [['trust', 'say which CAs are trusted', () => import('./commands/trust.ts')]],
  'Tokens:': [
    ['token', 'get, inspect and verify access tokens', () => import('./commands/token.ts')],
    ['assertion', 'create, inspect and explain assertions', () => import('./commands/assertion.ts')],
    ['explain', 'say why a code was answered, and what to do', () => import('./commands/explain.ts')],
  ],
  'Insight:': [
    ['expiring', 'tell what ends soon', () => import('./commands/expiring.ts')],
    ['stats', 'count tokens and refusals', () => import('./commands/stats.ts')],
    ['report', 'make the report of a month', () => import('./commands/report.ts')],
    ['audit', 'show the audit, take it out, verify it', () => import('./commands/audit.ts')],
  ],
  'More:': [
    ['completion', 'print a completion script for a shell', () => import('./commands/completion.ts')],
    ['help', 'show help for a command or a topic', () => import('./commands/help.ts')],
  ],
};

/** The whole command line. Misuse throws commander's own error; nothing in it ends the process. */
export function createProgram(): Command {
  const program = new Command('portvakt')
    .description("Hands out access tokens to organisations' machines, and helps those who use them.")
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand(false)
    .configureHelp({ helpWidth: 80, showGlobalOptions: true, commandDescription: () => '', formatHelp })
    .configureOutput({ outputError: () => {} })
    .exitOverride();
  document(program, { examples: EXAMPLES, seeAlso: ['portvakt help output', 'portvakt help exit-codes'] });
  for (const option of globalOptions()) program.addOption(option);
  const loads = new Map<Command, Entry[2]>();
  for (const [group, entries] of Object.entries(COMMANDS)) {
    for (const [name, summary, load] of entries) loads.set(program.command(name).summary(summary).helpGroup(group), load);
  }
  return program
    .hook('preSubcommand', async (_, command) => (await loads.get(command)?.())?.define(command))
    .hook('preAction', async () => (await import('./config-file.ts')).applyCliConfig(program));
}

const EXAMPLES = [
  { does: 'a server on this machine, with organisations, scopes and clients', run: 'portvakt dev' },
  { does: 'a token from it', run: 'portvakt token get --client demo-consumer --scope prove:bygg.read' },
  { does: 'what a refusal means', run: 'portvakt explain MP-110' },
];

function globalOptions(): readonly Option[] {
  return [
    new Option('-o, --output <format>', 'shape of the answer').choices(OUTPUT_CHOICES).env('PORTVAKT_OUTPUT').default('table'),
    new Option('-q, --quiet', 'the bare answer, and no talk beside it'),
    new Option('-v, --verbose', 'tell of each request'),
    new Option('--debug', 'tell everything, where an error was thrown too'),
    new Option('--color <when>', 'colours').choices(COLOR_CHOICES).default('auto'),
    new Option('--timeout <time>', 'how long a server may take').argParser(duration).default(10, '10s'),
    new Option('--utc', 'show times in UTC'),
    new Option('--context <name>', 'another context than the current one').env('PORTVAKT_CONTEXT'),
    new Option('--columns <names>', 'columns of tables and csv, with commas between').argParser(names),
    new Option('--no-headers', 'tables and csv without their first line'),
    new Option('--sort <field>', 'sort a list by a field; with - before it, backwards'),
  ];
}

function names(text: string): readonly string[] {
  return text.split(',').map((name) => name.trim());
}
