import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { JWT_BEARER } from '../server/core/token-request.ts';
import { colorsFor } from './style.ts';

/**
 * `npm run demo`: a server, an assertion signed with a made-up enterprise certificate, a real token, verified; then a refusal and
 * its explanation. It runs the commands that anybody runs, and shows each; the token is fetched by plain HTTP.
 */

const { bold, cyan, dim, green, red } = colorsFor(process.stdout, 'auto');
const BIN = fileURLToPath(new URL('bin.js', import.meta.url));
const SCOPE = 'prove:bygg.read';

const server = startServer();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => server.kill('SIGTERM'));
try {
  await demonstrate();
} catch (error) {
  process.exitCode = 1;
  console.error(`${red('✗')} the demo failed: ${error instanceof Error ? error.message : error}`);
} finally {
  await stop(server);
}

async function demonstrate(): Promise<void> {
  title('A token server with a made-up world, on a free port');
  const { issuer, token_endpoint, data_dir } = await ready();
  print({ issuer, token_endpoint, data_dir });

  title('An assertion, signed with the enterprise certificate of 310555037 Eksempel Bygg AS');
  const assertion = await portvakt(['assertion', 'create', '--client', 'demo-certificate', '--scope', SCOPE, '--issuer', issuer]);

  title('The token, over HTTP');
  const { access_token: token } = await post(token_endpoint, assertion);
  if (token === undefined) throw new Error('the token endpoint issued no token');

  title("The token, verified with the server's keys as an API does it");
  await portvakt(['token', 'verify', '-', '--issuer', issuer, '--scope', SCOPE, '--consumer', '310555037'], token);

  title('The same assertion once more: refused, because an assertion counts once');
  const { error_uri } = await post(token_endpoint, assertion);
  if (error_uri === undefined) throw new Error('the token endpoint did not refuse it');
  await portvakt(['explain', error_uri]);

  console.log(`\n${green('✓')} Done. The tour goes on with: npm run -s portvakt -- dev`);
}

function title(what: string): void {
  console.log(`\n${bold(what)}\n`);
}

function print(value: object): void {
  console.log(JSON.stringify(value, null, 2));
}

function startServer() {
  return spawn(process.execPath, [BIN, 'dev', '--port', '0', '-o', 'json'], { stdio: ['ignore', 'pipe', 'pipe'] });
}

type Ready = { readonly issuer: string; readonly token_endpoint: string; readonly data_dir: string };

/** The line that the server prints when it is ready; when it ends without one, what it said instead. */
async function ready(): Promise<Ready> {
  console.log(cyan('$ portvakt dev --port 0 -o json'));
  const talk = text(server.stderr);
  for await (const line of createInterface({ input: server.stdout })) return JSON.parse(line) as Ready;
  throw new Error(`the server did not start\n${await talk}`);
}

/** Runs a command as anybody would, and shows it with what it prints. @param input for its standard input */
async function portvakt(args: readonly string[], input = ''): Promise<string> {
  console.log(cyan(`$ ${input === '' ? '' : 'echo $TOKEN | '}portvakt ${args.join(' ')}`));
  const child = spawn(process.execPath, [BIN, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(input);
  const [answer, [code]] = await Promise.all([text(child.stdout), once(child, 'close')]);
  process.stdout.write(answer);
  if (code !== 0) throw new Error(`portvakt ${args[0]} ended with ${code}`);
  return answer.trim();
}

type Answer = { readonly access_token?: string; readonly error_uri?: string };

async function post(endpoint: string, assertion: string): Promise<Answer> {
  console.log(cyan(`POST ${endpoint}`));
  console.log(dim(`grant_type=${encodeURIComponent(JWT_BEARER)}\n  &assertion=${assertion.slice(0, 40)}…\n`));
  const response = await fetch(endpoint, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: JWT_BEARER, assertion }),
    signal: AbortSignal.timeout(5_000),
  });
  const answer = (await response.json()) as Answer;
  console.log(`HTTP ${response.status} ${response.statusText}`);
  print(answer);
  return answer;
}

/** Leaves nothing running, however the demo went. */
async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}
