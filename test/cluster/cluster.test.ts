import cluster, { type Worker } from 'node:cluster';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { access, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { Agent, fetch } from 'undici';
import { makeAssertion } from '../../fixtures/assertion.ts';
import { makeWorld } from '../../fixtures/made-up-world.ts';
import { installWorld } from '../../fixtures/world.ts';
import { canWatch, isRunning, killProcess } from '../../proving/process-tree.ts';
import { type RunningCluster, startCluster } from '../../server/cluster.ts';
import { type Config, devConfig } from '../../server/config.ts';
import type { Log, LogFields } from '../../server/core/ports.ts';
import { JWT_BEARER } from '../../server/core/token-request.ts';
import { openStorage } from '../../server/storage/open.ts';
import { operations, scrape, WATCHED } from '../telemetry/watched.ts';

// As a user has it: without what tap loads into every child, which takes longer than the server does.
delete process.env.NODE_OPTIONS;

// What the workers log is not the tests' to print.
cluster.setupPrimary({ silent: true });

const SCOPE = 'prove:bygg.read';
const WORKERS = 2;
const now = Math.floor(Date.now() / 1000);
const made = makeWorld({ now });

type Place = {
  readonly config: Config;
  readonly running: RunningCluster;
  readonly lines: { message: string; fields: LogFields }[];
  /** A fresh assertion, as a form. */
  readonly form: (jti?: string) => Promise<string>;
  /** For how long a token lives. */
  readonly lives: () => Promise<number>;
  /** Asks on a connection of its own; what comes back is the code of the refusal, or `token`. */
  readonly ask: (form: string, dispatcher?: Agent) => Promise<string>;
};

async function start(t: Test, change: Partial<Config> = {}): Promise<Place> {
  const dataDir = await mkdtemp(join(tmpdir(), 'portvakt-test-'));
  const { world, clients } = await made;
  const lines: Place['lines'] = [];
  const keep = (message: string, fields: LogFields = {}): void => void lines.push({ message, fields });
  const log: Log = { info: keep, warn: keep, error: keep };
  const config = { ...devConfig({ dataDir, port: 0 }), ...change };
  const running = await startCluster(config, {
    log,
    workers: WORKERS,
    prepare: (storage, issuer) => installWorld(world, storage, { now, correlationId: '0'.repeat(32), issuer }),
  });
  t.teardown(async () => {
    await running.close();
    await rm(dataDir, { recursive: true });
  });
  const client = clients.find(({ name }) => name === 'demo-consumer') ?? clients[0];
  if (!client) throw new Error('no client in the made-up world');
  const form = async (jti?: string): Promise<string> => {
    const claims = { scope: SCOPE, ...(jti !== undefined && { jti }) };
    const assertion = await makeAssertion({ ...client, audience: running.issuer, now: Math.floor(Date.now() / 1000), claims });
    return new URLSearchParams({ grant_type: JWT_BEARER, assertion }).toString();
  };
  const ask: Place['ask'] = async (body, dispatcher = new Agent({ connections: 1, keepAliveTimeout: 1 })) => {
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const response = await fetch(`http://127.0.0.1:${running.port}/token`, { method: 'POST', body, headers, dispatcher });
    const { error_uri: uri } = (await response.json()) as { error_uri?: string };
    return uri?.split('/').at(-1) ?? 'token';
  };
  const lives = async (): Promise<number> => {
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const dispatcher = new Agent({ connections: 1, keepAliveTimeout: 1 });
    const response = await fetch(`http://127.0.0.1:${running.port}/token`, {
      method: 'POST',
      body: await form(),
      headers,
      dispatcher,
    });
    const { access_token: token } = (await response.json()) as { access_token: string };
    const { exp, iat } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    return exp - iat;
  };
  return { config, running, lines, form, ask, lives };
}

/** Resolves when those are gone whose successors serve: until then they may answer. */
async function replaced(): Promise<void> {
  while (pids().length > WORKERS) await pause(20);
}

/** Resolves when it is gone, whatever could not be told to it before. */
function exited(worker: Worker): Promise<unknown> {
  return new Promise((resolve) => worker.once('exit', resolve));
}

const pids = (): (number | undefined)[] => Object.values(cluster.workers ?? {}).map((worker) => worker?.process.pid);

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

t.test('PV-SEC-109 what the server runs by is in the audit once for all workers, at the start and at each reload', async (t) => {
  const { config, running } = await start(t, { proxies: ['192.0.2.1'] });
  const stated = { ...config.stated, proxies: ['192.0.2.2'] };
  await running.reload({ ...config, stated, token: { ...config.token, expLeeway: 5 } });
  const storage = await openStorage(join(config.dataDir, 'portvakt.db'));
  t.teardown(() => storage.close());
  const records = (await storage.audit.list(50)).filter(({ type }) => type === 'server.configured');
  t.match(
    records.map(({ details }) => details),
    [
      { settings: { proxies: ['192.0.2.2'], environment: 'test' }, weakened: ['token.exp_leeway_seconds: 5'] },
      { settings: { proxies: [], token: { require_jti: false } }, weakened: [] },
    ],
    'the newest first',
  );
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

const watched = canWatch() ? {} : { skip: 'only Linux tells at once that a process has gone' };

t.test('a worker that was killed a moment ago is told to stop in vain, and nothing else happens', watched, async (t) => {
  const { running } = await start(t);
  const killed = pids().map(Number);
  for (const pid of killed) killProcess(pid);
  // The pipes are closed, and this process has not heard of it.
  while (killed.some(isRunning));
  await running.close();
  t.same(pids(), []);
});

t.test('a worker that dies while a reload replaces it leaves no worker too many, and none of before', async (t) => {
  const { config, running } = await start(t, { shutdown: { delay: 0, timeout: 1 } });
  for (const place of [0, 1]) {
    const victims = Object.values(cluster.workers ?? {});
    const gone = victims.map((worker) => worker && exited(worker));
    const forked = once(cluster, 'fork');
    const reloaded = running.reload({ ...config });
    await forked;
    victims[place]?.process.kill('SIGKILL');
    await Promise.all([reloaded, ...gone]);
    let serving: ReturnType<typeof pids> = [];
    for (let since = performance.now(); performance.now() - since < 3_000; await pause(50)) {
      if (serving.join() === pids().join()) continue;
      serving = pids();
      since = performance.now();
    }
    t.equal(serving.length, WORKERS);
  }
});

t.test('PV-SEC-038 a reload does not lead to another store, where spent assertions are fresh', async (t) => {
  const { config, running, form, ask } = await start(t);
  const before = pids();
  const elsewhere = `${config.dataDir}-elsewhere`;
  await t.rejects(running.reload({ ...config, dataDir: elsewhere }), /data_dir/);
  await t.rejects(access(elsewhere), { code: 'ENOENT' });
  t.same(pids(), before);
  t.equal(await ask(await form()), 'token');
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

t.test('what cannot be told to a worker that is leaving is logged, and nothing else happens', async (t) => {
  const { config, running, lines, form, ask } = await start(t);
  const leaving = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
  for (const worker of leaving) worker.once('disconnect', () => worker.emit('error', new Error('write EPIPE')));
  const gone = leaving.map(exited);
  await running.reload(config);
  await Promise.all(gone);
  t.equal(lines.filter(({ fields }) => `${fields.error}`.includes('write EPIPE')).length, WORKERS);
  t.equal(await ask(await form()), 'token');
});

t.test('a reload under load replaces every worker and loses no request', async (t) => {
  const { config, running, form, ask } = await start(t, { shutdown: { delay: 0.1, timeout: 20 } });
  const before = pids();
  const failures: unknown[] = [];
  let [over, asked] = [false, 0];
  const load = Array.from({ length: 8 }, async () => {
    const agent = new Agent({ connections: 1 });
    while (!over) {
      const answer = await ask(await form(), agent).catch((error: unknown) => error);
      asked++;
      if (answer !== 'token') failures.push(answer);
    }
    await agent.close();
  });
  const gone = before.map((pid) => {
    const worker = Object.values(cluster.workers ?? {}).find((each) => each?.process.pid === pid);
    return worker && exited(worker);
  });
  await running.reload({ ...config, token: { ...config.token, maxTokenLifetime: 60 } });
  await Promise.all(gone);
  over = true;
  await Promise.all(load);
  t.same(failures, []);
  t.ok(asked > 20, `${asked} requests`);
  t.same(
    pids().filter((pid) => before.includes(pid)),
    [],
  );
});

t.test('a worker makes its configuration of the file itself: it may be of a newer version than who started it', async (t) => {
  const { config, running, lives } = await start(t);
  const content = {
    ...{ issuer: running.issuer, environment: 'test', listen: { port: 0 } },
    ...{ operations: { listen: 'off' }, keys: { master: { kind: 'file', file: join(config.dataDir, 'master.key') } } },
    token: { max_lifetime_seconds: 60 },
  };
  const source = { file: '/nowhere/portvakt.yaml', content, dataDir: config.dataDir };
  t.equal(await lives(), 120);
  await running.reload({ ...config, source });
  await replaced();
  t.equal(await lives(), 60);
});

t.test('a reload that cannot be carried through leaves every worker as it was', async (t) => {
  const { config, running, lives } = await start(t);
  const file = join(t.testdir(), 'source.pem');
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  let forks = 0;
  const atFork = (): void => {
    forks++;
    if (forks === 2) rmSync(file);
  };
  cluster.on('fork', atFork);
  t.teardown(() => cluster.off('fork', atFork));
  const shorter = { ...config, sourceKeys: { register: file }, token: { ...config.token, maxTokenLifetime: 60 } };
  await t.rejects(running.reload(shorter), /source\.pem/);
  t.equal(forks, 3, 'one served, one did not start, and one came back');
  await replaced();
  t.same(await Promise.all(Array.from({ length: 8 }, lives)), Array(8).fill(120));
  t.equal(pids().length, WORKERS);
});

t.test('a reload with another issuer or data directory is refused', async (t) => {
  const { config, running } = await start(t);
  await t.rejects(running.reload({ ...config, issuer: 'https://other.example.no/' }), /^issuer: /);
  await t.rejects(running.reload({ ...config, dataDir: '/elsewhere' }), /^data_dir: /);
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

t.test('PV-SEC-070 metrics are summed over the workers, and what those had counted that are gone stays', async (t) => {
  const { config, running, form, ask } = await start(t, { operations: WATCHED });
  const issued = async (): Promise<number> =>
    (await scrape(running)).get('portvakt_tokens_issued_total{proof="kid",acting="self"}') ?? Number.NaN;
  for (let n = 0; n < 12; n++) t.equal(await ask(await form()), 'token');
  const before = await scrape(running);
  t.equal(await issued(), 12);
  t.equal(before.get('portvakt_workers'), WORKERS);
  t.equal(before.get('portvakt_worker_restarts_total'), 0);
  const [victim] = Object.values(cluster.workers ?? {});
  const replaced = once(cluster, 'fork');
  victim?.process.kill('SIGKILL');
  const [replacement] = await replaced;
  await once(replacement, 'listening');
  while ((await scrape(running)).get('portvakt_worker_restarts_total') !== 1);
  t.equal(await issued(), 12, 'of one that was killed, what it had told');
  for (let n = 0; n < 3; n++) t.equal(await ask(await form()), 'token');
  const gone = Object.values(cluster.workers ?? {}).map((worker) => worker && exited(worker));
  const port = running.operationsPort;
  await running.reload(config);
  await Promise.all(gone);
  t.equal(await issued(), 15, 'of one that was replaced, all');
  t.equal(running.operationsPort, port, 'nobody had to look elsewhere');
  t.same(new Set((await scrape(running)).keys()), new Set(before.keys()), 'nor did a series come or go');
});

t.test('PV-SEC-125 several workers are ready when all of them are; one that is held up is not', async (t) => {
  const { running, config } = await start(t, { operations: WATCHED });
  const ready = async (): Promise<string> => {
    const response = await operations(running, '/health/ready');
    const { error_uri: uri } = (await response.json()) as { error_uri?: string };
    return uri?.split('/').at(-1) ?? `${response.status}`;
  };
  t.equal(await ready(), '200');
  const [victim] = Object.values(cluster.workers ?? {});
  victim?.process.kill('SIGSTOP');
  t.equal(await ready(), 'PV-505');
  t.equal((await operations(running, '/health/live')).status, 200, 'it lives');
  t.equal((await scrape(running)).get('portvakt_workers'), WORKERS, 'and the others are told of');
  victim?.process.kill('SIGCONT');
  const moved = { ...config, operations: { ...config.operations, listen: { host: '127.0.0.1', port: 0 }, logTokens: true } };
  await running.reload(moved);
  t.equal(await ready(), '200');
  await t.rejects(
    running.reload({ ...moved, operations: { ...moved.operations, listen: { host: '127.0.0.1', port: running.port } } }),
    {
      code: 'EADDRINUSE',
    },
  );
  t.equal(await ready(), '200', 'an address that is taken leaves everything as it was');
});

t.test('PV-SEC-111 each worker admits its share of a limit, so that together they admit no more than is set', async (t) => {
  const { form, ask } = await start(t, { limits: { client: 4, concurrency: 8, queue: 8 } });
  const outcomes: string[] = [];
  for (let n = 0; n < 12; n++) outcomes.push(await ask(await form()));
  t.equal(outcomes.filter((outcome) => outcome === 'token').length, 4);
  t.equal(outcomes.filter((outcome) => outcome === 'PV-401').length, 8);
});
