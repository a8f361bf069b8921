import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';

const script = new URL('../../.ci/run', import.meta.url);

/** What `npm cit` printed and how it ended, and how `npm run check` ended. */
type Npm = { readonly printed: string; readonly tests?: number; readonly check?: number };

t.test('the run ends with the count of the tests', async (t) => {
  const { status, line } = run(t, { printed: 'TAP version 14\n1..2\n# { total: 12, pass: 12 }\n# time=3ms\n' });
  t.equal(line, '12 passed, 0 failed');
  t.equal(status, 0);
});

t.test('skipped and unfinished tests are counted apart', async (t) => {
  const { status, line } = run(t, { printed: '# { total: 14, pass: 9, todo: 2, skip: 3 }\n' });
  t.equal(line, '9 passed, 0 failed, 5 skipped');
  t.equal(status, 0);
});

t.test('a failing test fails the run', async (t) => {
  const { status, line } = run(t, { printed: '# { total: 14, pass: 5, fail: 4, todo: 2, skip: 3 }\n', tests: 1 });
  t.equal(line, '5 passed, 4 failed, 5 skipped');
  t.not(status, 0);
});

t.test('a run without a summary never claims success', async (t) => {
  for (const tests of [0, 1]) {
    const { status, line } = run(t, { printed: 'npm error could not install\n', tests });
    t.match(line, /^0 passed, [1-9]\d* failed$/);
    t.not(status, 0);
  }
});

t.test('a summary that a test printed itself is not the summary', async (t) => {
  const { status, line } = run(t, { printed: '    # { total: 1, pass: 1 }\n' });
  t.match(line, /^0 passed, [1-9]\d* failed$/);
  t.not(status, 0);
});

t.test('the last summary counts', async (t) => {
  const { line } = run(t, { printed: '# { total: 1, pass: 1 }\n# { total: 3, pass: 2, fail: 1 }\n', tests: 1 });
  t.equal(line, '2 passed, 1 failed');
});

t.test('a suite in which no test ran fails the run', async (t) => {
  const { status, line } = run(t, { printed: '# { total: 1, skip: 1 }\n' });
  t.equal(line, '0 passed, 1 failed, 1 skipped');
  t.not(status, 0);
});

t.test('a runner that ends badly although no test failed fails the run', async (t) => {
  const { status, line } = run(t, { printed: '# { total: 2, pass: 2 }\n', tests: 7 });
  t.equal(line, '2 passed, 1 failed');
  t.not(status, 0);
});

t.test('wrong types or style fail the run', async (t) => {
  const { status, line } = run(t, { printed: '# { total: 2, pass: 2 }\n', check: 1 });
  t.equal(line, '2 passed, 1 failed');
  t.not(status, 0);
});

/** Runs the script in a folder of its own, with an `npm` that says what it is told to say. */
function run(t: Test, { printed, tests = 0, check = 0 }: Npm): { status: number | null; line: string } {
  const checkout = t.testdir({
    printed,
    npm: `#!/bin/sh\n[ "$1" = cit ] || exit ${check}\ncat "${'$'}{0%/*}/printed"\nexit ${tests}\n`,
  });
  mkdirSync(join(checkout, '.ci'));
  cpSync(script, join(checkout, '.ci/run'));
  chmodSync(join(checkout, 'npm'), 0o755);
  const { status, stdout } = spawnSync('bash', ['.ci/run'], {
    cwd: checkout,
    encoding: 'utf8',
    env: { ...process.env, PATH: `${checkout}:${process.env.PATH}` },
  });
  return { status, line: stdout.trimEnd().split('\n').at(-1) ?? '' };
}
