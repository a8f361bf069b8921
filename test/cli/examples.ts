import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type Command, CommanderError } from 'commander';
import type { Test } from 'tap';
import { type Example, examplesOf } from '../../cli/help.ts';
import { createProgram } from '../../cli/program.ts';
import { makeTestCa } from '../../fixtures/test-ca.ts';
import { BIN, type Dev, newUser, type User } from './portvakt.ts';
import { writeTrustFiles } from './trust-files.ts';

/** The client that examples use which bring a key of their own. */
const OWN_CLIENT = '7f3b0c7e-3b1d-4d7a-9f0e-5a2c1d9e8b44';
const DEFAULT_ISSUER = 'http://localhost:7300/';

/** Groups of commands whose examples take a log-in, and are run by a test of their own: they take the longest. */
const ONLINE = [
  ...['Session:', 'Organisations:', 'API owner:', 'Consumer and supplier:'],
  ...['Acting for others:', 'Insight:', 'Operator:'],
];

/** Every command that does something, with its file loaded: that happens when a command is called. */
export async function everyCommand(): Promise<readonly Command[]> {
  const program = createProgram();
  for (const command of program.commands) {
    command.configureOutput({ writeOut: () => {} });
    await program.parseAsync([command.name(), '--help'], { from: 'user' }).catch((error: unknown) => {
      if (!(error instanceof CommanderError) || error.exitCode !== 0) throw error;
    });
  }
  return program.commands.flatMap(leavesOf);
}

function leavesOf(command: Command): readonly Command[] {
  return command.commands.length > 0 ? command.commands.flatMap(leavesOf) : [command];
}

/** Whether the command speaks to the self-service API. */
export function isOnline(command: Command): boolean {
  let noun = command;
  while (noun.parent?.parent) noun = noun.parent;
  return ONLINE.includes(noun.helpGroup() ?? '');
}

/** What the command is called by. */
export function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
}

/** Someone who tries examples, in a folder with all that they name, and two dev servers: the made-up world, and one of a file. */
export type Reader = {
  readonly user: User;
  readonly made: Dev;
  /** Runs the examples of the commands, one after the other. */
  readonly tell: (...names: readonly string[]) => Promise<void>;
  /** Runs lines that examples stand on. */
  readonly prepare: (...lines: readonly string[]) => Promise<void>;
  /** Runs examples that are no command's. */
  readonly succeed: (t: Test, examples: readonly Example[]) => Promise<void>;
  /** Whose examples have been run. */
  readonly told: ReadonlySet<string>;
};

/**
 * Makes the folder and starts the servers.
 * @param commands whose examples are run. Those of `key generate` come first, where they are among them: others stand on their files.
 */
export async function newReader(t: Test, commands: readonly Command[]): Promise<Reader> {
  const user = await newUser(t);
  const sh = await shell(user);
  const told = new Set<string>();
  const generate = commands.find((command) => pathOf(command) === 'portvakt key generate');
  for (const { run } of generate ? examplesOf(generate) : [{ run: 'portvakt key generate --out ./bygg.pem' }]) {
    const { code, stderr } = await sh(run, '');
    t.equal(code, 0, `${run}\n${stderr}`);
  }
  if (generate) told.add(pathOf(generate));
  await writeFile(join(user.home, 'world.yaml'), world(await readFile(join(user.home, 'bygg.pub.jwk'), 'utf8')));
  const made = await user.dev();
  const own = await user.dev('--seed', 'world.yaml');
  await copyFile(join(made.data_dir, 'clients/demo-chain.chain.pem'), join(user.home, 'seal-chain.pem'));
  await writeCaFiles(user.home);
  await writeTrustFiles(user.home);
  await writeFile(join(user.home, 'passphrase.txt'), 'a passphrase that is long enough\n');
  await writeFile(join(user.home, 'backup.key'), 'k'.repeat(32), { mode: 0o600 });
  const run = async (t: Test, line: string) => {
    const { issuer } = line.includes(OWN_CLIENT) ? own : made;
    const { code, stderr } = await sh(line.replaceAll(DEFAULT_ISSUER, issuer), issuer);
    t.equal(code, 0, `${line}\n${stderr}`);
  };
  const succeed: Reader['succeed'] = async (t, examples) => {
    for (const example of examples) await run(t, example.run);
  };
  const tell: Reader['tell'] = async (...names) => {
    for (const name of names) {
      const command = commands.find((candidate) => pathOf(candidate) === name);
      await t.test(name, (t) => succeed(t, command ? examplesOf(command) : []));
      told.add(name);
    }
  };
  const prepare: Reader['prepare'] = async (...lines) => {
    for (const line of lines) await run(t, line);
  };
  return { user, made, tell, prepare, succeed, told };
}

/** As whom examples speak that take a log-in. */
export const ROLES = ['demo-operator', 'demo-owner-admin', 'demo-consumer-admin'] as const;

/** An operator's examples, an owner's, and a consumer's, as the tree of commands parts them. */
function roleFor(line: string): (typeof ROLES)[number] {
  if (/portvakt (org|source|trust|audit|stats|report|prefix (assign|release))/.test(line)) return 'demo-operator';
  if (/portvakt (prefix|scope|access|request)/.test(line) && !line.includes('--made')) return 'demo-owner-admin';
  return 'demo-consumer-admin';
}

/** Runs a line of shell as the user would, with a `portvakt` in PATH. */
async function shell({ home, env, run }: User) {
  const bin = join(home, 'bin');
  await mkdir(bin);
  await writeFile(join(bin, 'briefly.mjs'), BRIEFLY);
  // As a user has it: without what tap loads into every child.
  const node = `unset NODE_OPTIONS NODE_V8_COVERAGE; exec "${process.execPath}"`;
  const script = `#!/bin/sh\ncase "$1" in dev|serve) ${node} "${bin}/briefly.mjs" "$@";; *) ${node} "${BIN}" "$@";; esac\n`;
  await writeFile(join(bin, 'portvakt'), script, { mode: 0o755 });
  return async (line: string, issuer: string) => {
    const settings = { PORTVAKT_PORT: '0', PORTVAKT_ISSUER: issuer, PORTVAKT_CONTEXT: roleFor(line) };
    const words = plainWords(line);
    if (words && !/^(dev|serve(?! --check))/.test(words.join(' '))) return run(words, { env: settings });
    const child = spawn('/bin/sh', ['-c', line], {
      cwd: home,
      env: { ...env, PATH: `${bin}:${env.PATH}`, ...settings },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
    return { code, stderr };
  };
}

/** The words behind `portvakt` where the line is that command alone, without anything that a shell would do; otherwise undefined. */
function plainWords(line: string): readonly string[] | undefined {
  const word = /"[^"$`\\]*"|'[^']*'|[\w@%+=:,./-]+/;
  if (!new RegExp(`^portvakt(?: (?:${word.source}))*$`).test(line)) return undefined;
  const [, ...words] = line.match(new RegExp(word, 'g')) ?? [];
  return words.map((text) => text.replace(/^(["'])(.*)\1$/, '$2'));
}

/** Runs `portvakt …`; what would run until it is stopped is stopped as soon as it has printed a line. */
const BRIEFLY = `import { spawn } from 'node:child_process';
const args = process.argv.slice(2);
const staysUp = args[0] === 'dev' || (args[0] === 'serve' && !args.includes('--check'));
const child = spawn(process.execPath, [${JSON.stringify(BIN)}, ...args], { stdio: ['inherit', staysUp ? 'pipe' : 'inherit', 'inherit'] });
child.stdout?.once('data', () => child.kill('SIGTERM'));
child.once('exit', (code) => process.exit(code ?? 1));
`;

/** The CA of the chain as a file of its own, and a case to judge: what the examples of `cert verify` name. */
async function writeCaFiles(home: string): Promise<void> {
  const [leaf = '', ca = ''] = (await readFile(join(home, 'seal-chain.pem'), 'utf8')).split(/(?<=-----END CERTIFICATE-----\n)/);
  const base64 = (pem: string) => pem.replace(/-----.*?-----|\s/g, '');
  await writeFile(join(home, 'ca.pem'), ca);
  await writeFile(join(home, 'new-ca.pem'), (await makeTestCa({ now: Date.now() / 1000 })).root.certificate.pem);
  await writeFile(join(home, 'cases.jsonl'), `${JSON.stringify({ id: 1, chain: [base64(leaf)], trust: [base64(ca)] })}\n`);
}

function world(jwk: string): string {
  return `organizations:
  - { orgno: "310555029", name: Prøveetaten, prefixes: [prove] }
  - { orgno: "310555037", name: Eksempel Bygg AS }
scopes:
  - { prefix: prove, subscope: bygg.read, owner_orgno: "310555029", description: Lese byggesaker, access: ["310555037"] }
clients:
  - client_id: ${OWN_CLIENT}
    client_orgno: "310555037"
    client_name: bygg-uttrekk
    scopes: [prove:bygg.read]
    jwks: { keys: [${JSON.stringify(JSON.parse(jwk))}] }
`;
}
