import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { decodeJwt } from 'jose';
import t from 'tap';
import { newUser } from './portvakt.ts';

const DEMO = fileURLToPath(new URL('../../cli/demo.ts', import.meta.url));

t.test('the demo shows a token, its claims and a refusal explained, in less than 10 s, and leaves nothing', async (t) => {
  const { env, home } = await newUser(t);
  const started = performance.now();
  const { code, stdout, stderr } = await demo({ ...env });
  t.equal(code, 0, stderr);
  t.ok(performance.now() - started < 10_000);
  t.equal(stderr, '');
  const [issuer] = /http:\/\/localhost:\d+\//.exec(stdout) ?? [];
  const token = /"access_token": "([^"]+)"/.exec(stdout)?.[1] ?? '';
  t.match(decodeJwt(token), { iss: issuer, client_amr: 'virksomhetssertifikat' });
  t.match(stdout, /\$ portvakt assertion create --client demo-certificate [^\n]*\neyJ/);
  t.match(stdout, /\$ echo \$TOKEN \| portvakt token verify - [^\n]*\nverified\n/);
  t.match(stdout, /client_amr +virksomhetssertifikat/);
  t.match(stdout, /HTTP 400 Bad Request\n[^}]*MP-012/);
  t.match(stdout, /\$ portvakt explain [^\n]*MP-012\nMP-012 [^\n]*\n\n {2}answer[^\n]*\n {2}why[^\n]*\n {2}fix/);
  await leftNothing(home, issuer ?? '');
});

t.test('a demo that fails or is stopped says so, and leaves nothing running', async (t) => {
  const { env, home } = await newUser(t);
  const failed = await demo({ ...env, PORTVAKT_OUTPUT: 'nonsense' });
  t.equal(failed.code, 1);
  t.match(failed.stderr, /✗ the demo failed: /);
  const stopped = launch({ ...env });
  for await (const chunk of stopped.stdout) if (String(chunk).includes('token_endpoint')) break;
  stopped.kill('SIGTERM');
  const [code] = await once(stopped, 'close');
  t.not(code, 0);
  t.notOk((await readdir(home)).some((name) => name.startsWith('portvakt-dev-')));
  t.same(await readdir(`${home}/portvakt/dev`), []);
});

async function demo(env: Record<string, string>) {
  const child = launch(env);
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code, stdout, stderr };
}

function launch(env: Record<string, string>) {
  return spawn(process.execPath, [DEMO], { env, stdio: ['ignore', 'pipe', 'pipe'] });
}

async function leftNothing(home: string, issuer: string): Promise<void> {
  t.same(await readdir(home), ['portvakt']);
  t.same(await readdir(`${home}/portvakt/dev`), []);
  await t.rejects(fetch(issuer));
}
