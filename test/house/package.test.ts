import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import t from 'tap';

const root = join(import.meta.dirname, '../..');
const run = promisify(execFile);
const checkout = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));

const place = await mkdtemp(join(tmpdir(), 'portvakt-package-'));
t.teardown(() => rm(place, { recursive: true }));

/** This Node first: it is what `#!/usr/bin/env node` finds. What the commands write goes with the test. */
const env = {
  ...process.env,
  PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
  TMPDIR: place,
  XDG_RUNTIME_DIR: place,
};

/** Builds and packs into a folder of its own. @returns the tarball, and what lies in it. */
async function pack(name: string): Promise<{ tarball: string; paths: string[]; built: string }> {
  const built = join(place, name);
  await mkdir(built);
  await run(process.execPath, [join(root, 'build.ts'), built], { env });
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', place, built], { env });
  const [{ filename, files }] = JSON.parse(stdout);
  const tarball = join(place, `${name}.tgz`);
  await rename(join(place, filename), tarball);
  return { tarball, paths: files.map(({ path }: { path: string }) => path), built };
}

async function digest(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
}

t.setTimeout(120_000);
const packed = await pack('packed');

t.test('PV-SEC-129 two builds give equal bytes', async (t) => {
  const again = await pack('again');
  t.equal(await digest(again.tarball), await digest(packed.tarball));
});

t.test('the package holds what runs and no more', async (t) => {
  const { paths, built } = packed;
  const { engines, bin, dependencies, ...rest } = JSON.parse(await readFile(join(built, 'package.json'), 'utf8'));
  t.match(checkout, { engines, bin, dependencies });
  t.same(Object.keys(rest), ['name', 'version', 'description', 'license', 'type', 'exports'], 'no script, no tool, no Node');
  t.ok(paths.includes('LICENSE'));
  t.ok(paths.includes(bin.portvakt));
  t.ok(paths.includes('server/main.d.ts'), 'types go with it');
  t.same(rest.exports, { './testing': { types: './testing/main.d.ts', default: './testing/main.js' } });
  for (const path of ['testing/main.d.ts', 'testing/main.js']) t.ok(paths.includes(path), path);
  t.same(
    paths.filter((path) => /(?<!\.d)\.ts$|^(test|bench|gates|proving)\//.test(path)),
    [],
    'no sources, no tests',
  );
});

t.test('a folder that holds something is left alone', async (t) => {
  const folder = t.testdir({ 'letter.txt': 'dear' });
  await t.rejects(run(process.execPath, [join(root, 'build.ts'), folder]), { code: 1, stderr: `✗ ${folder} is not empty\n` });
  t.equal(await readFile(join(folder, 'letter.txt'), 'utf8'), 'dear');
});

t.test('the packed package, installed elsewhere from its dependencies alone, does the main job', async (t) => {
  const portvakt = await install(packed.tarball);
  const ask = async (...args: string[]): Promise<string> => (await run(portvakt, args, { env, cwd: place })).stdout;

  t.equal(await ask('--version'), `${checkout.version}\n`);
  t.match(JSON.parse(await ask('explain', 'MP-012', '-o', 'json')), { code: 'MP-012' });

  const server = spawn(portvakt, ['dev', '--port', '0', '-o', 'json'], { env, cwd: place });
  t.teardown(() => server.kill('SIGKILL'));
  const { issuer } = await readyLine(server);
  const options = ['--issuer', issuer, '--client', 'demo-consumer', '--scope', 'prove:bygg.read', '-o', 'json'];
  const token = JSON.parse(await ask('token', 'get', ...options));
  t.match(token, { access_token: /^eyJ/, token_type: 'Bearer', scope: 'prove:bygg.read', issuer });

  const ended = once(server, 'exit');
  server.kill('SIGTERM');
  t.same(await ended, [0, null]);

  const kit = `
    const portvakt = await (await import('portvakt/testing')).startPortvakt();
    console.log(await portvakt.token({ client: 'demo-consumer', scope: 'prove:bygg.read' }));
    await portvakt.stop();`;
  const elsewhere = join(place, 'elsewhere');
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', kit], { env, cwd: elsewhere });
  t.match(stdout, /^eyJ/, 'the test kit too');
});

/** @returns the executable that npm made. */
async function install(tarball: string): Promise<string> {
  const elsewhere = join(place, 'elsewhere');
  await mkdir(elsewhere);
  await writeFile(join(elsewhere, 'package.json'), '{"private":true}');
  const flags = ['--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', '--no-update-notifier'];
  await run('npm', ['install', ...flags, tarball], { env, cwd: elsewhere });
  return join(elsewhere, 'node_modules', '.bin', 'portvakt');
}

async function readyLine({ stdout, stderr }: ChildProcess): Promise<{ issuer: string }> {
  if (!stdout || !stderr) throw new Error('the server has no output');
  let talk = '';
  stderr.setEncoding('utf8').on('data', (chunk: string) => {
    talk += chunk;
  });
  for await (const line of createInterface({ input: stdout })) return JSON.parse(line);
  throw new Error(`the server ended before it was ready: ${talk}`);
}
