import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import t from 'tap';
import { ORGANIZATIONS } from '../../fixtures/made-up-world.ts';
import { DAY } from '../../server/core/time.ts';
import { countEndings, describeEndings } from '../../server/registry/endings.ts';
import { openStorage } from '../../server/storage/open.ts';
import { START } from '../token/server.ts';
import { adminOf, items, refusedByApi, startApi, type TestApi } from './api.ts';

/** What ends soon, and who is told. Own API, expiring */

const { owner, consumer, supplier, customer, foreign } = ORGANIZATIONS;
const CLIENTS = ['idporten:dcr.read'] as const;
const DELEGATIONS = ['portvakt:delegations.read'] as const;
const BOTH = [...CLIENTS, ...DELEGATIONS] as const;
const OPERATOR = ['portvakt:operator'] as const;

/** Certificates of the made-up world end after 730 days. */
const CERTIFICATES_END = START + 730 * DAY;

/** Puts the end of a client's first key so many days ahead. */
async function endKey({ server }: TestApi, clientId: string, days: number): Promise<void> {
  const client = await server.storage.clients.find(clientId);
  if (!client?.keys[0]) throw new Error(`${clientId} has no key`);
  const [key, ...keys] = client.keys;
  const ends = { ...key, expires: server.clock.time + days * DAY };
  await server.storage.transaction(({ clients }) => clients.put({ ...client, keys: [ends, ...keys] }));
}

async function delegate({ server }: TestApi, id: string, [from, to]: readonly [string, string], days: number): Promise<void> {
  const times = { validTo: START + days * DAY, created: START, lastUpdated: START };
  const parties = { consumerOrgno: from, supplierOrgno: to, scopes: ['prove:bygg.read'] };
  await server.storage.transaction(({ delegations }) => delegations.put({ id, ...parties, revoked: false, ...times }));
}

const uuid = (number: number): string => `0000e4d5-0000-4000-8000-${String(number).padStart(12, '0')}`;
const ids = (rows: readonly Record<string, unknown>[]): unknown[] => rows.map(({ id, client_id }) => client_id ?? id);

t.test('a key that ends is told with the most pressing of the warnings, and not once it has ended', async (t) => {
  const api = await startApi(t);
  const admin = await api.as('consumer', CLIENTS);
  const clientId = api.server.client('demo-consumer').clientId;
  for (const [days, within] of [
    [1, 1],
    [1 + 1 / DAY, 7],
    [7, 7],
    [8, 30],
    [30, 30],
    [31, 90],
    [90, 90],
  ] as const) {
    await endKey(api, clientId, days);
    const [row, ...more] = items(await admin.get('/expiring'));
    t.match(
      row,
      { kind: 'key', id: 'demo-consumer-1', name: 'demo-consumer', client_id: clientId, within_days: within },
      `${days}`,
    );
    t.match([row?.orgno, row?.ends, more], [consumer.orgno, new Date((START + days * DAY) * 1000).toISOString(), []]);
  }
  for (const days of [90 + 1 / DAY, 0, -1]) {
    await endKey(api, clientId, days);
    t.same(items(await admin.get('/expiring')), [], `${days} days`);
  }
});

t.test('how far to look ahead is the caller’s to say, in days', async (t) => {
  const api = await startApi(t);
  const admin = await api.as('consumer', CLIENTS);
  await endKey(api, adminOf('consumer'), 30);
  await endKey(api, api.server.client('demo-consumer').clientId, 200);
  t.same(ids(items(await admin.get('/expiring?within=29d'))), []);
  t.same(ids(items(await admin.get('/expiring?within=30d'))), [adminOf('consumer')]);
  const far = items(await admin.get('/expiring?within=200d'));
  t.match(far, [{ within_days: 30 }, { name: 'demo-consumer' }]);
  t.notOk(far[1] && 'within_days' in far[1], 'beyond all warnings');
  for (const wrong of ['30', '0d', '-1d', '1.5d', '3661d', '30D', '٣d', 'd', '30d ', '1w', '030d', ''])
    refusedByApi(t, await admin.get(`/expiring?within=${encodeURIComponent(wrong)}`), 'PV-601', 'within');
});

t.test('a client that may not act is passed over', async (t) => {
  const api = await startApi(t);
  const admin = await api.as('consumer', CLIENTS);
  for (const [name, change] of [
    ['demo-consumer', { active: false }],
    ['demo-expired-key', { blocked: 'brudd' }],
  ] as const) {
    const { clientId } = api.server.client(name);
    await endKey(api, clientId, 5);
    t.same(ids(items(await admin.get('/expiring'))), [clientId]);
    const client = await api.server.storage.clients.find(clientId);
    if (client) await api.server.storage.transaction(({ clients }) => clients.put({ ...client, ...change }));
    t.same(ids(items(await admin.get('/expiring'))), []);
  }
});

t.test('both parties are told of a delegation that ends; what is revoked is passed over', async (t) => {
  const api = await startApi(t);
  await delegate(api, uuid(1), [consumer.orgno, supplier.orgno], 6);
  for (const part of ['consumer', 'supplier'] as const)
    t.match(items(await (await api.as(part, DELEGATIONS)).get('/expiring')), [
      {
        ...{ kind: 'delegation', id: uuid(1), name: 'prove:bygg.read', within_days: 7 },
        ...{ orgno: consumer.orgno, supplier_orgno: supplier.orgno },
      },
    ]);
  await api.server.storage.transaction(async ({ delegations }) => {
    const given = await delegations.find(uuid(1));
    if (given) await delegations.put({ ...given, revoked: true });
  });
  t.same(items(await (await api.as('consumer', DELEGATIONS)).get('/expiring')), []);
});

t.test('a certificate that a client has shown is told before it ends, with when it was last seen', async (t) => {
  const api = await startApi(t);
  const { server } = api;
  for (const name of ['demo-certificate', 'demo-swedish', 'demo-consumer'])
    t.equal((await server.ask(await server.assertion(name, { scope: 'prove:kart.read' }))).status, 200);
  await server.ask(
    await server.assertion('demo-certificate', { scope: 'prove:kart.read', key: server.client('demo-swedish').key }),
  );
  await server.close();
  const storage = await openStorage(join(server.dataDir, 'portvakt.db'));
  t.teardown(() => storage.close());
  const all = await storage.endings.certificates({ from: START, until: CERTIFICATES_END });
  const about = { fingerprint: /^[0-9a-f]{64}$/, serial: /^[0-9a-f]{32}$/, notAfter: CERTIFICATES_END, lastSeen: START };
  t.equal(all.length, 2, 'a key of its own is no certificate, and who cannot sign has shown nothing');
  t.match(
    all.find(({ clientId }) => clientId === server.client('demo-certificate').clientId),
    { ...about, subject: consumer.name, orgno: consumer.orgno },
  );
  t.match(
    all.find(({ clientId }) => clientId === server.client('demo-swedish').clientId),
    { ...about, subject: foreign.name, orgno: foreign.orgno },
  );
});

t.test('what is told of a certificate', async (t) => {
  const api = await startApi(t);
  const { clientId } = api.server.client('demo-certificate');
  const certificate = { clientId, fingerprint: 'f'.repeat(64), subject: consumer.name, serial: '01', orgno: consumer.orgno };
  await api.server.storage.seenCertificates.add([{ ...certificate, notAfter: START + 20 * DAY, lastSeen: START }]);
  t.same(items(await (await api.as('consumer', CLIENTS)).get('/expiring')), [
    {
      ...{ kind: 'certificate', id: certificate.fingerprint, name: consumer.name, client_id: clientId, orgno: consumer.orgno },
      ...{ ends: '2026-01-21T00:00:00.000Z', within_days: 30, serial: '01', last_seen: '2026-01-01T00:00:00.000Z' },
    },
  ]);
});

t.test('PV-SEC-083 nobody is told what another organisation’s is, nor what the token does not open', async (t) => {
  const api = await startApi(t);
  const mine = api.server.client('demo-consumer').clientId;
  await endKey(api, mine, 5);
  await delegate(api, uuid(1), [consumer.orgno, supplier.orgno], 6);
  await delegate(api, uuid(2), [customer.orgno, supplier.orgno], 7);
  const fingerprint = 'f'.repeat(64);
  const certificate = {
    clientId: mine,
    fingerprint,
    subject: 'a',
    serial: '01',
    orgno: consumer.orgno,
    notAfter: START + 8 * DAY,
  };
  await api.server.storage.seenCertificates.add([{ ...certificate, lastSeen: START }]);
  const seen = async (part: Parameters<TestApi['as']>[0], scopes: Parameters<TestApi['as']>[1]) =>
    items(await (await api.as(part, scopes)).get('/expiring')).map(({ id }) => id);
  t.same(await seen('consumer', BOTH), ['demo-consumer-1', uuid(1), fingerprint]);
  t.same(await seen('consumer', CLIENTS), ['demo-consumer-1', fingerprint]);
  t.same(await seen('consumer', DELEGATIONS), [uuid(1)]);
  t.same(await seen('supplier', BOTH), [uuid(1), uuid(2)]);
  t.same(await seen('customer', BOTH), [uuid(2)]);
  t.same(await seen('owner', BOTH), [], owner.orgno);
  t.same(await seen('foreign', BOTH), []);
  t.same(await seen('operator', OPERATOR), ['demo-consumer-1', uuid(1), uuid(2), fingerprint], 'the operator sees all');
  t.same(await seen('operator', BOTH), [], 'but not without its scope');
  const readsScopes = await api.as('consumer', ['idporten:scopes.read']);
  refusedByApi(t, await readsScopes.get('/expiring'), 'PV-641');
  refusedByApi(t, await api.nobody.get('/expiring'), 'PV-640');
});

t.test('a supplier is told of the clients that it made for a customer, and the customer too', async (t) => {
  const api = await startApi(t);
  const { clientId } = api.server.client('demo-consumer');
  const client = await api.server.storage.clients.find(clientId);
  if (client) await api.server.storage.transaction(({ clients }) => clients.put({ ...client, supplierOrgno: supplier.orgno }));
  await endKey(api, clientId, 5);
  for (const part of ['consumer', 'supplier'] as const)
    t.match(items(await (await api.as(part, CLIENTS)).get('/expiring')), [
      { orgno: consumer.orgno, supplier_orgno: supplier.orgno },
    ]);
});

t.test('the operator is told of trusted authorities that end', async (t) => {
  const api = await startApi(t);
  const { trust } = api.server.storage;
  api.server.clock.time = START + (7 * 365 - 5) * DAY;
  for (const part of ['operator', 'consumer'] as const) await endKey(api, adminOf(part), 300);
  const rows = items(await (await api.as('operator', OPERATOR)).get('/expiring'));
  t.same(rows.map(({ id }) => id).sort(), (await trust.list()).map(({ id }) => id).sort());
  t.match(
    rows.filter(({ kind }) => kind === 'intermediate'),
    [{ name: 'Portvakt Test Issuing CA', within_days: 7 }],
  );
  t.same(items(await (await api.as('consumer', CLIENTS)).get('/expiring')), [], 'others are not');
});

t.test('PV-SEC-089 the list comes in pages, the first to end first', async (t) => {
  const api = await startApi(t);
  for (const [place, days] of [40, 3, 20, 3, 60].entries())
    await delegate(api, uuid(place), [consumer.orgno, supplier.orgno], days);
  const reader = await api.as('consumer', DELEGATIONS);
  const found: unknown[] = [];
  for (let path: string | undefined = '/expiring?limit=2'; path !== undefined; ) {
    const page = await reader.get(path);
    found.push(...ids(items(page)));
    path = /<\/api\/v1(.+)>/.exec(page.headers.get('link') ?? '')?.[1];
  }
  t.same(found, [1, 3, 2, 0, 4].map(uuid));
});

t.test('PV-SEC-105 what a gauge reads is the same few rows each time, counted by kind and warning', async (t) => {
  const api = await startApi(t);
  const { server } = api;
  const sources = {
    storage: server.storage,
    certificates: { readAuthority: () => ({ subject: '', notAfter: START + 5 * DAY }) },
  };
  const count = async () => countEndings(sources as never, START);
  const [first] = await count();
  t.same(first, { kind: 'key', withinDays: 1, count: 0 }, 'noughts too');
  await endKey(api, server.client('demo-consumer').clientId, 5);
  await endKey(api, adminOf('consumer'), 20);
  await delegate(api, uuid(1), [consumer.orgno, supplier.orgno], 1);
  const counts = await count();
  t.equal(counts.length, 20, 'five kinds, four warnings');
  const of = (wanted: string) => counts.filter(({ kind }) => kind === wanted).map(({ withinDays, count }) => [withinDays, count]);
  t.same(of('key'), [
    [1, 0],
    [7, 1],
    [30, 2],
    [90, 2],
  ]);
  t.same(of('delegation'), [
    [1, 1],
    [7, 1],
    [30, 1],
    [90, 1],
  ]);
  t.same(describeEndings(counts).slice(0, 2), ['1 key within 7 days', '1 delegation within 1 day']);
  t.same(describeEndings(await countEndings(sources as never, START + 400 * DAY)), []);
});

t.test('a line in the log counts what ends soon, at the start and once a day, and names nobody', async (t) => {
  const given = { consumerOrgno: consumer.orgno, supplierOrgno: supplier.orgno, scopes: ['prove:bygg.read'], revoked: false };
  const { server } = await startApi(t, {
    world: (world) => ({ ...world, delegations: [{ id: uuid(1), ...given, validTo: START + 6 * DAY }] }),
  });
  const told = () => server.lines.filter(({ message }) => message === 'something ends soon').map(({ fields }) => fields);
  await nextTurn();
  t.same(told(), [{ detail: '1 delegation within 7 days' }]);
  server.clock.time += 5 * DAY;
  await server.elapse();
  t.same(told()[1], { detail: '1 delegation within 1 day' });
  server.clock.time += 5 * DAY;
  await server.elapse();
  t.equal(told().length, 2, 'nothing that ends, no line');
});
