import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import t from 'tap';
import { parse } from 'yaml';
import { blocks, codeLines, pageNamed, top } from './markdown.ts';
import { newcomer } from './newcomer.ts';

const page = pageNamed('docs/how-to/test-with-portvakt.md');

t.test('the test of docs/how-to/test-with-portvakt.md passes under node --test', async (t) => {
  const file = 'docs/how-to/your-api.test.ts';
  const { NODE_TEST_CONTEXT, NODE_OPTIONS, ...env } = process.env;
  const { stdout } = await promisify(execFile)(process.execPath, ['--test', '--test-reporter=tap', file], { cwd: top, env });
  t.match(stdout, /^# pass 3$/m);
  t.match(stdout, /^# fail 0$/m);
});

t.test('the shell script of docs/how-to/test-with-portvakt.md works as it is written', async (t) => {
  const { run } = await newcomer(t);
  const lines = codeLines(page, 'bash').filter((line) => !line.startsWith('npm '));
  const script = ['set -em', "trap 'kill $(jobs -p) || true' EXIT", ...lines, 'wait %1'];
  const { status, output } = await run(script.join('\n'));
  t.equal(status, 0, 'every line passes', { output });
});

t.test('the workflow of docs/how-to/test-with-portvakt.md installs and tests with a Node that runs the package', async (t) => {
  const [workflow = ''] = blocks(page, 'yaml');
  const { steps } = parse(workflow).jobs.test;
  t.match(steps, [
    { uses: /checkout/ },
    { uses: /setup-node/, with: { 'node-version': 24 } },
    { run: 'npm ci' },
    { run: 'node --test' },
  ]);
});
