import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import t from 'tap';
import { codeLines, type Page, pageNamed } from './markdown.ts';
import { BIN, freePort, newcomer } from './newcomer.ts';

t.test('the first start of docs/operations/install.md works as it is written', async (t) => {
  const page = pageNamed('docs/operations/install.md');
  const { run, folder } = await newcomer(t);
  await writeFile(join(folder, 'world.yaml'), block(page, 'yaml', /^organizations:/m));
  for (const line of codeLines(page, 'sh').filter((command) => command !== 'portvakt serve')) {
    const { status, output } = await run(line);
    t.equal(status, 0, line, { output });
  }
});

t.test('the script of docs/how-to/ci.md works as it is written', async (t) => {
  const { run, environment } = await newcomer(t);
  environment.PORTVAKT_PORT = String(await freePort());
  const issuer = `http://localhost:${environment.PORTVAKT_PORT}/`;
  environment.PORTVAKT_ISSUER = issuer;
  const lines = codeLines(pageNamed('docs/how-to/ci.md'), 'sh').map((line) => line.replaceAll('http://localhost:7300/', issuer));
  const script = ['set -em', "trap 'kill $(jobs -p) || true' EXIT", ...lines, 'wait %1'];
  const { status, output } = await run(script.join('\n'));
  t.equal(status, 0, 'every line passes', { output });
});

t.test('the tour of README.md works as it is written', async (t) => {
  const page = pageNamed('README.md');
  const { run, environment, folder } = await newcomer(t);
  const server = spawn(process.execPath, [BIN, 'dev', '--port', '0', '-o', 'json'], {
    cwd: folder,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.teardown(() => server.kill('SIGKILL'));
  environment.PORTVAKT_ISSUER = await issuerOf(server);
  const lines = tourOf(page);
  t.ok(lines.length >= 3, 'there is a tour');
  for (const { command, refused } of lines) {
    const { status, output } = await run(command);
    t.equal(status, refused ? 9 : 0, command, { output });
  }
  t.ok(page.text.includes((await run('portvakt explain MP-250')).output), 'the refusal is explained in the words that are shown');
  const ended = once(server, 'exit');
  server.kill('SIGTERM');
  t.same(await ended, [0, null], 'the server ends when it is asked to');
});

/** The commands of the section on the tour that talk to the server; a comment says which is refused on purpose. */
function tourOf({ text }: Page): { command: string; refused: boolean }[] {
  const [, section = ''] = text.split('\n## Tour\n');
  const [tour = ''] = section.split('\n## ');
  return [...tour.matchAll(/^npm run -s portvakt -- (.*)$/gm)]
    .map(([, words = '']) => ({ command: `portvakt ${words}`, refused: /#.*refused/.test(words) }))
    .filter(({ command }) => command !== 'portvakt dev');
}

async function issuerOf({ stdout, stderr }: ChildProcessByStdio<null, Readable, Readable>): Promise<string> {
  const talk = text(stderr);
  for await (const line of createInterface({ input: stdout })) return JSON.parse(line).issuer;
  throw new Error(`the server ended before it was ready: ${await talk}`);
}

/** The code block of that language that holds the pattern. */
function block({ text }: Page, language: string, pattern: RegExp): string {
  const blocks = [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))].map(([, inside = '']) => inside);
  const found = blocks.find((inside) => pattern.test(inside));
  if (found === undefined) throw new Error(`no ${language} block with ${pattern}`);
  return found;
}
