import t, { type Test } from 'tap';
import { RUNTIME_ROLE } from '../../proving/postgres-places.ts';
import { NOT_HERE } from '../../proving/postgres-programs.ts';
import { StubbornProxy } from '../../proving/stubborn-proxy.ts';
import { postgresPlaces } from '../storage/postgres-place.ts';
import { startTestServer, type TestServer } from './server.ts';

const scope = 'prove:bygg.read';

if (NOT_HERE) t.pass('PostgreSQL cannot be run here', { skip: NOT_HERE });
else {
  const places = await postgresPlaces(t);
  const { cluster } = places;

  /** Two servers on one database, with keys in common. */
  const start = async (t: Test, location: string): Promise<readonly [TestServer, TestServer]> => {
    const config = { issuer: 'https://token.example.no/', store: { location } };
    const first = await startTestServer(t, { config });
    return [first, await startTestServer(t, { config, dataDir: first.dataDir })];
  };
  const ask = async (node: TestServer, claims: Readonly<Record<string, unknown>> = {}): Promise<string> => {
    const { status, body } = await node.ask(await node.assertion('demo-consumer', { claims: { scope, ...claims } }));
    return status === 200 ? 'token' : `${status} ${`${body.error_uri}`.split('/').at(-1)}`;
  };

  t.test('PV-SEC-038 of one assertion sent to two nodes at once one becomes a token', async (t) => {
    const [first, second] = await start(t, await places.location());
    for (let round = 0; round < 3; round++) {
      const assertion = await first.assertion('demo-consumer', {
        claims: { scope, jti: `jti-${round}` },
      });
      const answers = await Promise.all(Array.from({ length: 64 }, (_, n) => (n % 2 ? first : second).ask(assertion)));
      const tokens = answers.filter(({ status }) => status === 200);
      t.equal(tokens.length, 1);
      t.same(new Set(answers.map(({ body }) => body.error)), new Set([undefined, 'invalid_grant']));
    }
  });

  t.test('PV-SEC-073 an access withdrawn at one node is refused there at once, and at the other within a second', async (t) => {
    const [first, second] = await start(t, await places.location());
    t.same([await ask(first), await ask(second)], ['token', 'token']);
    const access = await first.storage.accesses.find(scope, first.client('demo-consumer').orgno);
    if (!access) throw new Error('no access in the made-up world');
    await first.storage.transaction(({ accesses }) => accesses.put({ ...access, state: 'DENIED' }));
    const withdrawn = performance.now();
    t.match(await ask(first), /MP-250/);
    while ((await ask(second)) === 'token');
    const took = performance.now() - withdrawn;
    t.ok(took < 1_000, `${Math.round(took)} ms`);
  });

  t.test(
    'PV-SEC-030 while the database is gone there is no token but a 503, and nothing needs a restart (PV-SEC-118)',
    async (t) => {
      const [first, second] = await start(t, await places.location());
      t.equal(await ask(first), 'token');
      await cluster.stop();
      for (const node of [first, second]) {
        t.match(await ask(node), /^503 /);
        const { status, body } = await node.ask(await node.assertion('demo-consumer', { claims: { scope } }));
        t.same([status, body.error], [503, 'temporarily_unavailable']);
        t.equal((await node.get('/health/ready')).status, 503);
        t.equal((await node.get('/health/live')).status, 200);
      }
      await cluster.start();
      const begun = performance.now();
      for (const node of [first, second]) while ((await ask(node)) !== 'token');
      t.ok(performance.now() - begun < 10_000);
      // Its clock stands still, and the database's runs.
      first.clock.time = Date.now() / 1000;
      t.equal((await first.get('/health/ready')).status, 200);
    },
  );

  t.test('PV-SEC-028 PV-507 a node whose clock is more than 5 seconds from the database’s is not ready', async (t) => {
    const [first, second] = await start(t, await places.location());
    const ready = async (node: TestServer): Promise<string> => {
      const { status, body } = await node.get('/health/ready');
      return status === 200 ? 'ready' : `${status} ${`${(body as { error_uri?: string }).error_uri}`.split('/').at(-1)}`;
    };
    const now = () => Date.now() / 1000;
    for (const [seconds, expected] of [
      [0, 'ready'],
      [4, 'ready'],
      [30, '503 PV-507'],
      [-30, '503 PV-507'],
      [86_400, '503 PV-507'],
    ] as const) {
      second.clock.time = now() + seconds;
      t.equal(await ready(second), expected, `${seconds} s`);
      first.clock.time = now();
      t.equal(await ready(first), 'ready', 'the others are');
    }
  });

  t.test('a token costs one round trip to the database', async (t) => {
    const proxy = await StubbornProxy.before(cluster.socket);
    t.teardown(() => proxy.close());
    const location = `postgres://${RUNTIME_ROLE}@127.0.0.1:${proxy.port}/${await places.database()}`;
    const node = await startTestServer(t, { config: { store: { location } } });
    for (let n = 0; n < 5; n++) t.equal(await ask(node), 'token');
    const before = proxy.said;
    for (let n = 0; n < 50; n++) t.equal(await ask(node), 'token');
    const each = (proxy.said - before) / 50;
    t.ok(each >= 1 && each < 1.2, `${each}: and now and then the version is asked for`);
  });
}
