import { execFileSync } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { BIN, newUser } from './portvakt.ts';

t.test('--version prints the version of the package, alone', async (t) => {
  const { run } = await newUser(t);
  const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));
  t.same(await run(['--version']), { code: 0, signal: null, stdout: `${version}\n`, stderr: '' });
});

t.test('--help and --version start little more than Node itself: 150 ms where that takes 40', async (t) => {
  const { env, home } = await newUser(t);
  const best = (args: readonly string[]): number => {
    const times = Array.from({ length: 8 }, () => {
      const started = performance.now();
      execFileSync(process.execPath, args, { env, cwd: home });
      return performance.now() - started;
    });
    return Math.min(...times);
  };
  const bare = best(['-e', '0']);
  for (const flag of ['--help', '--version']) {
    const ratio = best([BIN, flag]) / bare;
    t.ok(ratio < 4, `${flag} took ${ratio.toFixed(1)} times as long as Node alone`);
  }
});

t.test('help fits 80 columns, and begins with a sentence and examples', async (t) => {
  const { run } = await newUser(t);
  const { stdout, code } = await run(['--help']);
  t.equal(code, 0);
  t.ok(stdout.split('\n').every((line) => line.length <= 80));
  t.match(stdout, /^[A-Z][^\n]*\n[^\n]*\n\nExamples:\n {2}# /);
  t.match(stdout, /Usage: portvakt/);
  t.match(stdout, /See also: portvakt help output, portvakt help exit-codes\n$/);
});

t.test('misuse ends with 2 and says what was meant', async (t) => {
  const { run } = await newUser(t);
  const cases: [string[], RegExp][] = [
    [['tokn'], /✗ unknown command 'tokn'\n\n {2}fix {3}did you mean token\?/],
    [['token', 'gte'], /did you mean get\?/],
    [['explain', 'MP-110', '--outptu', 'json'], /did you mean --output\?/],
    [['explain', 'MP-110', '-o', 'xml'], /Allowed choices are table, wide, json, yaml, csv, name, auto/],
    [['explain'], /missing required argument 'what'/],
    [['explain', 'MP-110', 'MP-120'], /too many arguments/],
    [['dev', '--port', '70000'], /It is a number from 0 to 65535/],
    [['dev', '--clock', 'soon'], /It is an ISO date/],
    [['dev', '--limit', 'clients=5'], /It is client, organization, address/],
    [['dev', '--limit', 'client=0'], /a number from 1/],
    [['token', 'verify', 'x', '--timeout', 'long'], /It is a number with s, m, h or d/],
  ];
  for (const [args, message] of cases) {
    const { code, stdout, stderr } = await run(args);
    t.equal(code, 2, args.join(' '));
    t.equal(stdout, '', 'the answer is empty');
    t.match(stderr, message);
  }
});

t.test('a noun without its verb shows its help on stderr and ends with 2', async (t) => {
  const { run } = await newUser(t);
  const { code, stdout, stderr } = await run(['token']);
  t.equal(code, 2);
  t.equal(stdout, '');
  t.match(stderr, /Commands:\n {2}get .*\n {2}inspect .*\n {2}verify /);
});

t.test('with -o json an error is JSON on stderr, wherever the flag stands', async (t) => {
  const { run } = await newUser(t);
  for (const args of [
    ['-o', 'json', 'explain', 'MP-111'],
    ['explain', '-o', 'json', 'MP-111'],
    ['explain', 'MP-111', '--output=json'],
  ]) {
    const { code, stdout, stderr } = await run(args);
    t.equal(code, 6);
    t.equal(stdout, '');
    t.same(JSON.parse(stderr), {
      error: {
        code: 'not-found',
        message: 'there is no code "MP-111"',
        fix: 'did you mean MP-011?',
        exit_code: 6,
        retryable: false,
        details: [],
      },
    });
  }
});

t.test('what nobody foresaw ends with 1 and a correlation id to report', async (t) => {
  const { run } = await newUser(t);
  const broken = preload(`Object.defineProperty(process.stdout, 'write', { value() { throw new Error('broken') } })`);
  const { code, stderr } = await run(['explain', 'MP-110'], { nodeFlags: broken });
  t.equal(code, 1);
  t.match(stderr, /✗ broken\n\n {2}fix {3}please report this[^\n]*\n {2}id {4}[0-9a-f]{32}\n/);
});

t.test('--debug shows where an error was thrown', async (t) => {
  const { run } = await newUser(t);
  t.notMatch((await run(['explain', 'x'])).stderr, /\n {4}at /);
  t.match((await run(['explain', 'x', '--debug'])).stderr, /\n {4}at /);
});

t.test('PORTVAKT_OUTPUT sets the default; auto is JSON where no person reads', async (t) => {
  const { run } = await newUser(t);
  const table = await run(['explain', 'MP-110']);
  t.match(table.stdout, /^MP-110 /, 'a pipe alone does not change the shape');
  t.ok(JSON.parse((await run(['explain', 'MP-110'], { env: { PORTVAKT_OUTPUT: 'auto' } })).stdout).code);
  t.equal((await run(['explain', 'MP-110'], { env: { PORTVAKT_OUTPUT: 'name' } })).stdout, 'error/MP-110\n');
  t.match(
    (await run(['explain', 'MP-110', '-o', 'table'], { env: { PORTVAKT_OUTPUT: 'json' } })).stdout,
    /^MP-110 /,
    'the flag wins',
  );
  t.equal((await run(['explain', 'MP-110'], { env: { PORTVAKT_OUTPUT: 'xml' } })).code, 2);
});

t.test('colours only where they are wanted: --color, then NO_COLOR, FORCE_COLOR, and no terminal', async (t) => {
  const { run } = await newUser(t);
  const colored = async (args: string[], env = {}) =>
    (await run(['explain', 'MP-110', ...args], { env })).stdout.includes('\u001b[');
  t.notOk(await colored([]), 'a pipe has none');
  t.ok(await colored([], { FORCE_COLOR: '1' }));
  t.notOk(await colored([], { FORCE_COLOR: '0' }));
  t.notOk(await colored([], { FORCE_COLOR: '1', NO_COLOR: '1' }));
  t.ok(await colored(['--color', 'always'], { NO_COLOR: '1' }));
  t.notOk(await colored(['--color', 'never'], { FORCE_COLOR: '1' }));
});

t.test('through npm in a checkout, relative paths are meant from where npm was called', async (t) => {
  const { run, home } = await newUser(t);
  const checkout = join(home, 'checkout');
  await mkdir(checkout);
  const npm = { INIT_CWD: home, npm_package_name: 'portvakt', npm_lifecycle_event: 'portvakt' };
  t.equal((await run(['key', 'generate', '--out', 'here.pem'], { cwd: checkout, env: npm })).code, 0);
  await t.resolves(readFile(join(home, 'here.pem')));
  const otherScript = { ...npm, npm_lifecycle_event: 'test' };
  t.equal((await run(['key', 'generate', '--out', 'there.pem'], { cwd: checkout, env: otherScript })).code, 0);
  await t.resolves(readFile(join(checkout, 'there.pem')), 'a script of another name stands where it stands');
});

t.test('a reader that closes the pipe early is no error', async (t) => {
  const { start } = await newUser(t);
  const { child, ended } = start(['world', 'schema']);
  child.stdout.destroy();
  child.stdout.emit('end');
  const { code, stderr } = await ended;
  t.equal(code, 0);
  t.equal(stderr, '');
});

t.test('a Node that is too old is told so before anything is imported', async (t) => {
  const { run } = await newUser(t);
  const older = (node: string) =>
    preload(`Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${node}' } })`);
  for (const version of ['20.19.5', '24.14.1']) {
    const { code, stdout, stderr } = await run(['--version'], { nodeFlags: older(version) });
    t.equal(code, 3);
    t.equal(stdout, '');
    t.match(stderr, new RegExp(`needs Node 24.15 or later, and this is Node ${version}`));
    t.match(stderr, /npm run -s portvakt/, 'it says what to do');
  }
  for (const version of ['24.15.0', '26.0.0']) t.equal((await run(['--version'], { nodeFlags: older(version) })).code, 0);
});

t.test('help is shown by name and by topic', async (t) => {
  const { run } = await newUser(t);
  t.equal((await run(['help', 'token', 'get'])).stdout, (await run(['token', 'get', '--help'])).stdout);
  t.match((await run(['help'])).stdout, /^Hands out access tokens/);
  t.match((await run(['help', 'exit-codes'])).stdout, /^9 +refused /m);
  t.match((await run(['help', 'output'])).stdout, /RFC 4180/);
  t.match((await run(['help', 'environment'])).stdout, /PORTVAKT_ISSUER/);
  const { code, stderr } = await run(['help', 'exitcodes']);
  t.equal(code, 6);
  t.match(stderr, /did you mean exit-codes\?/);
});

/** Flags with which Node runs the script before anything else. */
function preload(script: string): readonly string[] {
  return [`--import=data:text/javascript,${encodeURIComponent(script)}`];
}
