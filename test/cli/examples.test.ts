import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type Command, CommanderError } from 'commander';
import t, { type Test } from 'tap';
import { type Example, examplesOf } from '../../cli/help.ts';
import { createProgram } from '../../cli/program.ts';
import { BIN, newUser, type User } from './portvakt.ts';

// Each command is a process of its own, and many run here, one after the other.
t.setTimeout(120_000);

/** The client that examples use which bring a key of their own. */
const OWN_CLIENT = '7f3b0c7e-3b1d-4d7a-9f0e-5a2c1d9e8b44';
const DEFAULT_ISSUER = 'http://localhost:7300/';

const commands = await everyCommand();

t.test('every command has a sentence, two examples and where to read on, and its help fits 80 columns', async (t) => {
  for (const command of commands) {
    const name = pathOf(command);
    t.match(command.description(), /^[A-Z].*\.$/, name);
    t.ok(examplesOf(command).length >= 2, `${name} has ${examplesOf(command).length} examples`);
    const help = command.helpInformation();
    t.same(
      help.split('\n').filter((line) => line.length > 80),
      [],
      name,
    );
    t.match(help, /\nSee also: \S/);
  }
});

t.test('every example in every help text works as it stands, against dev', async (t) => {
  const user = await newUser(t);
  const sh = await shell(user);
  const of = (...names: string[]) => commands.filter((command) => names.includes(pathOf(command))).flatMap(examplesOf);
  const succeed = async (t: Test, examples: readonly Example[], issuerOf = (_: string) => DEFAULT_ISSUER) => {
    for (const { run } of examples) {
      const issuer = issuerOf(run);
      const { code, stderr } = await sh(run.replaceAll(DEFAULT_ISSUER, issuer), issuer);
      t.equal(code, 0, `${run}\n${stderr}`);
    }
  };

  await t.test('portvakt key generate', (t) => succeed(t, of('portvakt key generate')));
  await writeFile(join(user.home, 'world.yaml'), world(await readFile(join(user.home, 'bygg.pub.jwk'), 'utf8')));
  const made = await user.dev();
  const own = await user.dev('--seed', 'world.yaml');
  const asConsumer = ['--client', 'demo-consumer', '--scope', 'prove:bygg.read', '--issuer', made.issuer];
  await writeFile(join(user.home, 'token.jwt'), (await user.run(['token', 'get', ...asConsumer, '-q'])).stdout);
  const issuerOf = (run: string) => (run.includes(OWN_CLIENT) ? own : made).issuer;

  const apart = ['portvakt key generate', 'portvakt serve', 'portvakt assertion inspect'];
  for (const command of commands.filter((command) => !apart.includes(pathOf(command)))) {
    await t.test(pathOf(command), (t) => succeed(t, examplesOf(command), issuerOf));
  }
  await writeFile(join(user.home, 'request.jwt'), (await user.run(['assertion', 'create', ...asConsumer])).stdout);
  await t.test('portvakt assertion inspect', (t) => succeed(t, of('portvakt assertion inspect'), issuerOf));
  await appendFile(join(user.home, 'portvakt.yaml'), 'listen: { port: 0 }\n');
  await t.test('portvakt serve', (t) => succeed(t, of('portvakt serve')));
  await t.test('portvakt', (t) => succeed(t, examplesOf(createProgram()), issuerOf));
});

/** Runs a line of shell as the user would, with a `portvakt` in PATH. */
async function shell({ home, env }: User) {
  const bin = join(home, 'bin');
  await mkdir(bin);
  await writeFile(join(bin, 'briefly.mjs'), BRIEFLY);
  await writeFile(join(bin, 'portvakt'), `#!/bin/sh\nexec "${process.execPath}" "${bin}/briefly.mjs" "$@"\n`, { mode: 0o755 });
  return async (line: string, issuer: string) => {
    const child = spawn('/bin/sh', ['-c', line], {
      cwd: home,
      env: { ...env, PATH: `${bin}:${env.PATH}`, PORTVAKT_PORT: '0', PORTVAKT_ISSUER: issuer },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
    return { code, stderr };
  };
}

/** Runs `portvakt …`; what would run until it is stopped is stopped as soon as it has printed a line. */
const BRIEFLY = `import { spawn } from 'node:child_process';
const args = process.argv.slice(2);
const staysUp = args[0] === 'dev' || (args[0] === 'serve' && !args.includes('--check'));
const child = spawn(process.execPath, [${JSON.stringify(BIN)}, ...args], { stdio: ['inherit', staysUp ? 'pipe' : 'inherit', 'inherit'] });
child.stdout?.once('data', () => child.kill('SIGTERM'));
child.once('exit', (code) => process.exit(code ?? 1));
`;

/** Every command that does something, with its file loaded: that happens when a command is called. */
async function everyCommand(): Promise<readonly Command[]> {
  const program = createProgram();
  for (const command of program.commands) {
    command.configureOutput({ writeOut: () => {} });
    await program.parseAsync([command.name(), '--help'], { from: 'user' }).catch((error: unknown) => {
      if (!(error instanceof CommanderError) || error.exitCode !== 0) throw error;
    });
  }
  return program.commands.flatMap((command) => (command.commands.length > 0 ? command.commands : [command]));
}

function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
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
