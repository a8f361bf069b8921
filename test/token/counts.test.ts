import { join } from 'node:path';
import { mock } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { makeAssertion } from '../../fixtures/assertion.ts';
import { makeWorld } from '../../fixtures/made-up-world.ts';
import { installWorld } from '../../fixtures/world.ts';
import { devConfig } from '../../server/config.ts';
import { type LogFields, type Storage, StoreUnavailable, type TokenCount, type TokenCounts } from '../../server/core/ports.ts';
import { JWT_BEARER } from '../../server/core/token-request.ts';
import { startServer } from '../../server/main.ts';
import { openStorage } from '../../server/storage/open.ts';
import { BufferedTokenCounter } from '../../server/token-counter.ts';
import { START, startTestServer, type TestServer } from './server.ts';

/** Lets five seconds pass for what is done now and then, and waits until it has been written. */
async function fiveSeconds(storage: Storage): Promise<void> {
  mock.timers.tick(5_000);
  await nextTurn();
  await storage.transaction(async () => {});
}

function mockIntervals(t: Test): void {
  mock.timers.enable({ apis: ['setInterval'] });
  t.teardown(() => mock.timers.reset());
}

async function ask(server: TestServer, name: string, scope: string): Promise<number> {
  return (await server.ask(await server.assertion(name, { scope }))).status;
}

t.test('each token is counted for its client, its consumer and each of its scopes, a refused one is not', async (t) => {
  mockIntervals(t);
  const server = await startTestServer(t);
  const { tokenCounts } = server.storage;
  t.equal(await ask(server, 'demo-consumer', 'prove:bygg.read prove:kart.read'), 200);
  t.equal(await ask(server, 'demo-supplier', 'prove:kart.read'), 200);
  t.equal(await ask(server, 'demo-supplier', 'prove:bygg.read'), 403);
  const delegated = { scope: 'prove:bygg.read', claims: { consumer_org: '310555037' } };
  t.equal((await server.ask(await server.assertion('demo-supplier', delegated))).status, 200);
  t.equal(await ask(server, 'demo-owner-admin', 'idporten:scopes.read'), 200);
  const assertion = await server.assertion('demo-supplier', { scope: 'prove:kart.read' });
  t.same([(await server.ask(assertion)).status, (await server.ask(assertion)).status], [200, 400], 'nor is a replay');
  t.same(await tokenCounts.listOfScope('prove:kart.read'), [], 'nothing is written on the way to a token');
  await fiveSeconds(server.storage);
  const { clientId, orgno: consumerOrgno } = server.client('demo-consumer');
  const count = { clientId, consumerOrgno, scope: 'prove:kart.read', tokens: 1, lastToken: START };
  t.strictSame(await tokenCounts.listOfClient(clientId), [{ ...count, scope: 'prove:bygg.read' }, count]);
  const { clientId: acting, orgno } = server.client('demo-supplier');
  const supplier = { ...count, clientId: acting, consumerOrgno: orgno, tokens: 2 };
  t.strictSame(await tokenCounts.listOfScope('prove:kart.read'), [count, supplier]);
  t.strictSame(
    await tokenCounts.listOfScope('prove:bygg.read'),
    [count, { ...count, clientId: acting }].map((each) => ({ ...each, scope: 'prove:bygg.read' })),
    'a delegated one for the consumer',
  );
  t.match(await tokenCounts.listOfScope('idporten:scopes.read'), [{ tokens: 1 }]);

  server.clock.time = START + 30;
  t.equal(await ask(server, 'demo-consumer', 'prove:kart.read'), 200);
  await fiveSeconds(server.storage);
  await fiveSeconds(server.storage);
  t.strictSame(await tokenCounts.listOfScope('prove:kart.read'), [{ ...count, tokens: 2, lastToken: START + 30 }, supplier]);
});

t.test('a server that closes writes what it has counted', async (t) => {
  const dataDir = join(t.testdir({}), 'data');
  const { world, clients } = await makeWorld({ now: START });
  const [client] = clients;
  if (!client) return t.fail('the world has clients');
  const installation = { now: START, correlationId: '0'.repeat(32) };
  const prepare = (storage: Storage, issuer: string) => installWorld(world, storage, { ...installation, issuer });
  const server = await startServer(devConfig({ dataDir, port: 0 }), { clock: { now: () => START }, prepare });
  const assertion = await makeAssertion({ ...client, scope: 'prove:kart.read', audience: server.issuer, now: START });
  const body = new URLSearchParams({ grant_type: JWT_BEARER, assertion });
  t.equal((await fetch(`http://127.0.0.1:${server.port}/token`, { method: 'POST', body })).status, 200);
  await server.close();
  const storage = await openStorage(join(dataDir, 'portvakt.db'));
  t.teardown(() => storage.close());
  t.match(await storage.tokenCounts.listOfClient(client.clientId), [{ scope: 'prove:kart.read', tokens: 1, lastToken: START }]);
});

/** Who fetches what is counted below. */
const A = { clientId: 'a', amr: 'private_key_jwt', consumer: '310555037' } as const;

/** A counter over a store that is told what to do, and what both have been told. */
function counterOver(store: Partial<TokenCounts>) {
  const lines: { message: string; fields: LogFields }[] = [];
  const added: (readonly TokenCount[])[] = [];
  const keep = (message: string, fields: LogFields = {}): void => void lines.push({ message, fields });
  const add = async (counts: readonly TokenCount[]) => void added.push(counts);
  const lists = { listOfClient: async () => [], listOfScope: async () => [], sumOfScopes: async () => [] };
  const missedDelegations = { add: async () => {}, listOfSupplier: async () => [] };
  const tokenCounts = { add, ...lists, ...store };
  const counter = new BufferedTokenCounter(
    { tokenCounts, missedDelegations, seenCertificates: { add: async () => {} } },
    { info: keep, warn: keep, error: keep },
  );
  return { counter, lines, added };
}

t.test('PV-SEC-118 a store that fails costs figures alone: it is logged, and counting goes on', async (t) => {
  mockIntervals(t);
  let broken = true;
  const kept: TokenCount[] = [];
  const { counter, lines } = counterOver({
    add: async (counts) => {
      if (broken) throw new StoreUnavailable('the disk is full');
      kept.push(...counts);
    },
  });
  counter.issued({ ...A, scopes: ['p:1'] }, START);
  mock.timers.tick(5_000);
  await nextTurn();
  t.match(lines, [{ message: 'token counts were lost', fields: { error: /the disk is full/ } }]);
  broken = false;
  counter.issued({ ...A, scopes: ['p:1'] }, START + 1);
  await counter.close();
  t.same(kept, [{ clientId: 'a', consumerOrgno: '310555037', scope: 'p:1', tokens: 1, lastToken: START + 1 }]);
  t.equal(lines.length, 1);
});

t.test('its memory is bounded, what goes beyond is logged, and what is written comes in small pieces', async (t) => {
  const { counter, lines, added } = counterOver({});
  for (let n = 0; n < 20_010; n++) counter.issued({ ...A, scopes: [`p:${n}`, 'p:0'] }, START);
  await counter.close();
  t.equal(added.flat().length, 20_000);
  t.ok(added.every(({ length }) => length <= 500));
  t.match(added[0]?.[0], { scope: 'p:0', tokens: 20_011 }, 'what is known already is counted on');
  t.match(lines, [{ message: 'token counts were lost', fields: { detail: '10 beyond 20000 pairs' } }]);
  counter.issued({ ...A, scopes: ['p:20005'] }, START);
  await counter.close();
  t.match(added.at(-1), [{ scope: 'p:20005', tokens: 1 }], 'there is room again after a write');
});
