import { execFile, spawn, spawnSync } from 'node:child_process';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import t, { type Test } from 'tap';
import { blocks, pageNamed } from './markdown.ts';
import { BIN, freePort, newcomer } from './newcomer.ts';

t.setTimeout(90_000);

t.test('from admin bootstrap to a token and to MP-250, as docs/tutorials/your-first-scope.md has it', async (t) => {
  const walk = await begin(t);
  const script = blocks(pageNamed('docs/tutorials/your-first-scope.md'), 'sh');
  const serve = script.indexOf('portvakt serve\n');
  t.ok(serve > 0, 'the page starts a server');
  await walk.run(script.slice(0, serve).join(''));
  await walk.serve();
  const output = await walk.run(
    script
      .slice(serve + 1)
      .map(provoke)
      .join(''),
  );
  t.match(output, /^verified$/m, 'the token is verified before the access is withdrawn');
  t.equal(output.split('refused as expected: MP-250').length, 3, 'and refused afterwards, and the refusal explained');
});

const missing = ['curl', 'openssl', 'basenc'].filter((tool) => spawnSync(tool, ['--version']).error !== undefined);
const skip = missing.length === 0 ? false : `not installed: ${missing.join(', ')}`;

t.test('from admin bootstrap to a token and to MP-250 by curl, as docs/how-to/by-curl.md has it', { skip }, async (t) => {
  const walk = await begin(t);
  const script = blocks(pageNamed('docs/how-to/by-curl.md'), 'bash');
  const bootstrap = script.findIndex((block) => block.includes('portvakt admin bootstrap'));
  t.ok(bootstrap > 0, 'the page makes the operator');
  await walk.run(script.slice(0, bootstrap + 1).join(''));
  await walk.serve();
  const output = await walk.run(script.slice(bootstrap + 1).join(''));
  t.match(output, /"access_token":"eyJ/, 'there was a token');
  t.match(output, /errors\/MP-250\s*$/, 'and at last there was none');
});

/** A line that says that it is refused has to be, and with that code. */
function provoke(block: string): string {
  return block.replace(/^(portvakt .*?) +# refused: (\S+)$/gm, 'refused $2 $1');
}

const REFUSED = `refused() {
  local code=$1 status=0 said; shift
  said=$("$@" 2>&1) || status=$?
  if [ $status != 9 ] || ! grep -q "$code" <<<"$said"; then echo "$* ended with $status: $said"; return 1; fi
  echo "refused as expected: $code"
}
`;

/** A folder in which the blocks of a page are run as one would type them: what an earlier one has set, a later one finds. */
async function begin(t: Test) {
  const { folder, environment } = await newcomer(t);
  const port = await freePort();
  const env = { ...environment, PORTVAKT_ISSUER: `http://localhost:${port}/` };
  const run = async (script: string): Promise<string> => {
    const text = script.replaceAll('http://localhost:7300/', `http://localhost:${port}/`);
    const whole = `set -euo pipefail\ntouch known.sh\n. ./known.sh\n${REFUSED}\n${text}\n{ declare -p OPERATOR ISSUER API || true; declare -f; } > known.sh 2> /dev/null\n`;
    const { error, output } = await bash(whole, { cwd: folder, env });
    t.equal(error, undefined, output);
    return output;
  };
  const serve = async (): Promise<void> => {
    await appendFile(join(folder, 'portvakt.yaml'), `listen: { port: ${port} }\noperations: { listen: off }\n`);
    const server = spawn(process.execPath, [BIN, 'serve', '-o', 'json'], {
      cwd: folder,
      env,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const ended = new Promise((resolve) => server.once('exit', resolve));
    t.teardown(async () => {
      server.kill('SIGTERM');
      await ended;
    });
    const line = await new Promise<string>((resolve) => createInterface({ input: server.stdout }).once('line', resolve));
    t.match(JSON.parse(line), { issuer: `http://localhost:${port}/` });
  };
  return { run, serve };
}

function bash(script: string, options: { cwd: string; env: NodeJS.ProcessEnv }): Promise<{ error?: Error; output: string }> {
  return new Promise((resolve) => {
    execFile('bash', ['-c', script], { ...options, timeout: 60_000 }, (error, stdout, stderr) =>
      resolve({ ...(error && { error }), output: `${stdout}${error ? stderr : ''}` }),
    );
  });
}
