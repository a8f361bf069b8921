import cluster from 'node:cluster';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { Agent, fetch } from 'undici';
import { makeAssertion } from '../../fixtures/assertion.ts';
import { makeWorld } from '../../fixtures/made-up-world.ts';
import { installWorld } from '../../fixtures/world.ts';
import { type RunningCluster, startCluster } from '../../server/cluster.ts';
import { type Config, devConfig } from '../../server/config.ts';
import type { Log, LogFields } from '../../server/core/ports.ts';
import { JWT_BEARER } from '../../server/core/token-request.ts';
import { openStorage } from '../../server/storage/open.ts';

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
  return { config, running, lines, form, ask };
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
    return worker && once(worker, 'exit');
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
});

t.test('PV-SEC-111 each worker admits its share of a limit, so that together they admit no more than is set', async (t) => {
  const { form, ask } = await start(t, { limits: { client: 4, concurrency: 8, queue: 8 } });
  const outcomes: string[] = [];
  for (let n = 0; n < 12; n++) outcomes.push(await ask(await form()));
  t.equal(outcomes.filter((outcome) => outcome === 'token').length, 4);
  t.equal(outcomes.filter((outcome) => outcome === 'PV-401').length, 8);
});
