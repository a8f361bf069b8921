import cluster from 'node:cluster';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { Agent, fetch } from 'undici';
import { canWatch, isRunning, killProcess } from '../../proving/process-tree.ts';
import { openStorage } from '../../server/storage/open.ts';
import { WATCHED } from '../telemetry/watched.ts';
import { pids, SCOPE, start, WORKERS } from './place.ts';

const watched = canWatch() ? {} : { skip: 'only Linux tells at once that a process has gone' };

t.test('the workers share one port and one key, and each of them answers', async (t) => {
  const { running, form, ask } = await start(t);
  t.equal(pids().length, WORKERS);
  const answers = await Promise.all(Array.from({ length: 20 }, async () => ask(await form())));
  t.same(new Set(answers), new Set(['token']));
  const keys = await Promise.all(
    Array.from({ length: 6 }, async () => {
      const response = await fetch(`http://127.0.0.1:${running.port}/jwk`, { dispatcher: new Agent() });
      return response.text();
    }),
  );
  t.equal(new Set(keys).size, 1);
});

t.test('PV-SEC-038 of one assertion sent 64 times at once to all workers one becomes a token', async (t) => {
  const { form, ask } = await start(t);
  for (let round = 0; round < 5; round++) {
    const body = await form(`jti-${round}`);
    const answers = await Promise.all(Array.from({ length: 64 }, () => ask(body)));
    t.equal(answers.filter((answer) => answer === 'token').length, 1);
    t.same(new Set(answers), new Set(['token', 'MP-012']));
  }
});

t.test('PV-SEC-073 a change holds in every worker from the next request on', async (t) => {
  const { config, form, ask } = await start(t);
  const storage = await openStorage(join(config.dataDir, 'portvakt.db'));
  t.teardown(() => storage.close());
  const [access] = await storage.accesses.list({ scope: SCOPE, consumerOrgno: '310555037' });
  if (!access) throw new Error('no access in the made-up world');
  for (const state of ['DENIED', 'APPROVED', 'DENIED'] as const) {
    await storage.transaction((changes) => changes.accesses.put({ ...access, state }));
    const answers = await Promise.all(Array.from({ length: 12 }, async () => ask(await form())));
    t.same(new Set(answers), new Set([state === 'DENIED' ? 'MP-250' : 'token']));
  }
});

t.test('a worker that dies is replaced, and the others answer meanwhile', async (t) => {
  const { lines, form, ask } = await start(t);
  const before = pids();
  const [victim] = Object.values(cluster.workers ?? {});
  const replaced = once(cluster, 'fork');
  victim?.process.kill('SIGKILL');
  const [replacement] = await replaced;
  t.equal(await ask(await form()), 'token');
  await once(replacement, 'listening');
  t.equal(pids().length, WORKERS);
  t.notSame(pids(), before);
  t.ok(lines.some(({ message, fields }) => message === 'a worker died' && /SIGKILL/.test(fields.detail ?? '')));
  t.equal(await ask(await form()), 'token');
});

t.test('a worker that was killed a moment ago is told to stop in vain, and nothing else happens', watched, async (t) => {
  const { running } = await start(t);
  const killed = pids().map(Number);
  for (const pid of killed) killProcess(pid);
  // The pipes are closed, and this process has not heard of it.
  while (killed.some(isRunning));
  await running.close();
  t.same(pids(), []);
});

t.test('connections that are on their way to a worker when that is killed are ended, not held for ever', async (t) => {
  const { running } = await start(t);
  const [victim = 0, other = 0] = pids();
  for (const pid of [victim, other]) process.kill(pid, 'SIGSTOP');
  const sockets = Array.from({ length: 200 }, () => connect(running.port, '127.0.0.1'));
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  const over = sockets.map((socket) => {
    // To be reset is an end, too.
    socket.on('error', () => {});
    socket.write('GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    socket.resume();
    return new Promise((resolve) => socket.once('close', resolve));
  });
  process.kill(victim, 'SIGCONT');
  // From the first answer on it is dealt one after the other.
  await Promise.any(over);
  process.kill(victim, 'SIGKILL');
  process.kill(other, 'SIGCONT');
  await Promise.all(over);
  t.pass('each was answered or ended');
});

t.test('PV-SEC-124 told to stop gently it is not ready at once, answers on, and ends with everything answered', async (t) => {
  const { running, form, ask } = await start(t, { shutdown: { delay: 0.5, timeout: 20 } });
  const agent = new Agent({ connections: 1 });
  t.teardown(() => agent.close());
  const body = await form();
  const ready = async (): Promise<number> =>
    (await fetch(`http://127.0.0.1:${running.port}/health/ready`, { dispatcher: agent })).status;
  t.equal(await ready(), 200);
  const closed = running.close();
  let status = 200;
  while (status === 200) status = await ready();
  t.equal(status, 503);
  t.equal(await ask(body), 'token', 'a new connection is still answered');
  await closed;
  await t.rejects(ask(body), 'nobody listens any more');
  t.same(pids(), []);
});

t.test('a start that fails in a worker fails as it would in one process, and leaves none', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  t.teardown(() => taken.close());
  const { port } = taken.address() as AddressInfo;
  await t.rejects(start(t, { port }), { code: 'EADDRINUSE', port });
  t.same(pids(), []);
  const watched = { ...WATCHED, listen: { host: '127.0.0.1', port } };
  await t.rejects(start(t, { operations: watched }), { code: 'EADDRINUSE', port }, 'the address of operations');
  t.same(pids(), []);
});

t.test('PV-SEC-111 each worker admits its share of a limit, so that together they admit no more than is set', async (t) => {
  const { form, ask } = await start(t, { limits: { client: 4, concurrency: 8, queue: 8 } });
  const outcomes: string[] = [];
  for (let n = 0; n < 12; n++) outcomes.push(await ask(await form()));
  t.equal(outcomes.filter((outcome) => outcome === 'token').length, 4);
  t.equal(outcomes.filter((outcome) => outcome === 'PV-401').length, 8);
});
