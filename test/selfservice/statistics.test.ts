import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import t from 'tap';
import { sealMonth } from '../../server/registry/statistic-months.ts';
import { openStorage } from '../../server/storage/open.ts';
import { START } from '../token/server.ts';
import { items, refusedByApi, startApi } from './api.ts';

const READ = 'portvakt:statistics.read';
const CLOSED = 'prove:bygg.read';
const OPEN = 'prove:kart.read';
const api = await startApi(t);
const { server } = api;
const { storage } = server;

const ask = async (client: string, scope: string) => server.ask(await server.assertion(client, { claims: { scope } }));
for (const scope of [CLOSED, CLOSED, `${CLOSED} ${OPEN}`]) await ask('demo-consumer', scope);
await ask('demo-supplier', CLOSED);
server.clock.time = START + 7200;
const consumer = await api.as('consumer', [READ]);
const owner = await api.as('owner', [READ]);
const operator = await api.as('operator', [READ]);
const supplier = await api.as('supplier', [READ]);
await ask('demo-consumer', OPEN);

const WHEN = 'from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z';
const days = async (by: string, caller = consumer, more = '') =>
  items(await caller.get(`/statistics/tokens?${WHEN}&by=${by}&per=day${more}`)).filter(
    ({ scope = '', client_id = '' }) => !/^portvakt:/.test(`${scope}`) && !/^admin-/.test(`${client_id}`),
  );

t.test('a token counts once, and by scope once for each of its scopes', async (t) => {
  const of = { period: '2026-01-01', refusals: {} };
  t.same(await days('scope'), [
    { ...of, scope: CLOSED, tokens: 3 },
    { ...of, scope: OPEN, tokens: 2 },
  ]);
  t.same(await days('client'), [{ ...of, client_id: server.client('demo-consumer').clientId, tokens: 4 }]);
  const hours = items(await consumer.get(`/statistics/tokens?${WHEN}&by=scope&per=hour`)).filter(({ scope }) => scope === OPEN);
  t.same(
    hours.map(({ period, tokens }) => [period, tokens]),
    [
      ['2026-01-01T00', 1],
      ['2026-01-01T02', 1],
    ],
  );
});

t.test('refusals are counted by their codes, to who was refused and to the owner of the scope', async (t) => {
  t.match(await days('scope', supplier), [{ scope: CLOSED, tokens: 0, refusals: { 'MP-250': 1 } }]);
  t.match(await days('code', supplier), [
    { code: '', tokens: 1 },
    { code: 'MP-250', tokens: 0, refusals: { 'MP-250': 1 } },
  ]);
  t.match(await days('consumer', owner, '&of=scopes'), [
    { consumer_orgno: '310555037', tokens: 5, refusals: {} },
    { consumer_orgno: '310555045', tokens: 0, refusals: { 'MP-250': 1 } },
  ]);
  t.same(await days('consumer', consumer, '&of=scopes'), [], 'who owns no scope sees none');
});

t.test('the operator sees everybody’s figures, page after page', async (t) => {
  const all = await days('client', operator);
  t.equal(all.length, 2);
  const first = await operator.get(`/statistics/tokens?${WHEN}&by=client&limit=1`);
  t.equal(items(first).length, 1);
  t.match(first.headers.get('link'), /rel="next"/);
});

t.test('times that are absurd are refused, and said', async (t) => {
  const between = (from: string, per: string) =>
    consumer.get(`/statistics/tokens?from=${from}&to=2026-01-02T00:00:00Z&per=${per}`);
  for (const [from, per] of [
    ['2020-01-01T00:00:00Z', 'hour'],
    ['2020-01-01T00:00:00Z', 'day'],
    ['0001-01-01T00:00:00Z', 'month'],
    ['2026-01-02T00:00:00Z', 'day'],
    ['0000-01-01T00:00:00Z', 'hour'],
    ['1969-12-31T23:59:59Z', 'month'],
    ['now', 'day'],
  ] as const)
    refusedByApi(t, await between(from, per), 'PV-601');
  const ever = (path: string, per: string) => `/statistics/${path}?from=0000-01-01T00:00:00Z&to=9999-12-31T23:00:00Z&per=${per}`;
  for (const path of ['tokens', 'readiness'])
    for (const per of ['hour', 'day', 'month']) refusedByApi(t, await consumer.get(ever(path, per)), 'PV-601');
  refusedByApi(t, await consumer.get('/statistics/tokens?to=1970-01-01T01:00:00Z'), 'PV-601', 'to');
  t.same(items(await consumer.get('/statistics/tokens?from=9999-12-30T00:00:00Z&to=9999-12-31T23:59:59Z&per=hour')), []);
  for (const asked of [
    'from=0000-01&to=9999-12',
    'from=1970-01&to=9999-12',
    'from=2026-13',
    'to=1969-12',
    'from=2026-02&to=2026-01',
  ])
    refusedByApi(t, await consumer.get(`/statistics/months?${asked}`), 'PV-601');
  refusedByApi(t, await consumer.get('/statistics/tokens?by=person'), 'PV-601');
  refusedByApi(t, await owner.get('/statistics/tokens?by=client&of=scopes'), 'PV-601');
});

t.test('two processes that count at once count every record once, and one that was killed counts on', async (t) => {
  const other = await openStorage(join(server.dataDir, 'portvakt.db'));
  t.teardown(() => other.close());
  const record = (n: number) => ({
    ...{ type: 'token.issuing', at: START + 86400 * 2 + n, correlationId: '0'.repeat(32), clientId: 'c', orgno: '310555037' },
    details: { scopes: ['p:x'], consumer_orgno: '310555037' },
  });
  await Promise.all(Array.from({ length: 1200 }, (_, n) => storage.audit.append(record(n))));
  const foldAll = async (store: typeof storage) => {
    while (await store.statistics.fold()) await pause(0);
  };
  await Promise.all([foldAll(storage), foldAll(other)]);
  await foldAll(other);
  const wish = { by: 'scope', per: 'month', from: START + 86400, to: START + 86400 * 20, limit: 10 } as const;
  t.match(await storage.statistics.list(wish), [{ period: '2026-01', key: 'p:x', tokens: 1200, refusals: {} }]);
});

t.test('what was taken out of the audit before it was counted is a gap, and marked', async (t) => {
  const line = async () => {
    await storage.audit.seal(START + 86400 * 40);
    let last: unknown;
    for await (const each of storage.audit.lines((await storage.audit.end()).sequence)) last = each;
    return last as Parameters<typeof storage.audit.prune>[0];
  };
  await storage.audit.append({ type: 'token.issuing', at: START + 86400 * 40, correlationId: '0'.repeat(32), details: {} });
  await storage.audit.prune(await line(), {
    type: 'audit.pruned',
    at: START + 86400 * 40,
    correlationId: '0'.repeat(32),
    details: {},
  });
  await storage.statistics.fold();
  const gaps = items(await operator.get('/statistics/tokens?from=2026-01-01T00:00:00Z&to=2026-03-01T00:00:00Z&per=month'));
  t.match(gaps[0], { gap: true, reason: 'pruned', period: /^2026-01-03T.*\/2026-02-10T01$/ });
});

t.test(
  'a month that is sealed is said to be, in its figures and by itself; its digest is the operator’s (PV-SEC-083)',
  async (t) => {
    server.clock.time = START + 86400 * 33;
    const [late, running] = [await api.as('consumer', [READ]), await api.as('operator', [READ])];
    t.match(items(await late.get('/statistics/months?from=2026-01&to=2026-03')), [
      { month: '2026-01', state: 'over', covers: 'own', gap: true },
      { month: '2026-02', state: 'running', covers: 'own', gap: true },
      { month: '2026-03', state: 'to_come', covers: 'own' },
    ]);
    while (await storage.statistics.fold()) await pause(0);
    const at = { now: START + 86400 * 33, surelyPast: START + 86400 * 33, correlationId: '0'.repeat(32) };
    t.ok(await sealMonth(storage, at));
    const [own] = items(await late.get('/statistics/months?from=2026-01&to=2026-01'));
    t.strictSame(own, { month: '2026-01', state: 'sealed', covers: 'own', gap: true, sealed: '2026-02-03T00:00:00.000Z' });
    const [all] = items(await running.get('/statistics/months?from=2026-01&to=2026-01'));
    t.match(all, { state: 'sealed', covers: 'everybody', tokens: Number, refusals: 1, digest: /^[0-9a-f]{64}$/ });
    const per = async (period: string) => items(await late.get(`/statistics/tokens?from=2026-01-01T00:00:00Z&per=${period}`));
    for (const row of [...(await per('month')), ...(await per('day'))])
      t.equal(row.gap ?? row.sealed ?? false, `${row.period}`.startsWith('2026-01') || row.gap === true, JSON.stringify(row));
  },
);

t.test('what the server found itself to be is told in minutes, and what nobody saw is unknown', async (t) => {
  const day = (caller: typeof operator) =>
    caller.get('/statistics/readiness?from=2026-01-01T00:00:00Z&to=2026-03-01T00:00:00Z&per=day');
  const asked = await api.as('consumer', [READ]);
  t.same(items(await day(asked)), [], 'nobody has looked yet');
  const minute = START + 86400 * 31 + 12 * 3600;
  await storage.readiness.add([
    { minute, found: '+' },
    { minute: minute + 60, found: '-' },
    { minute: minute + 120, found: '+' },
    { minute: minute + 120, found: '-' },
  ]);
  t.strictSame(items(await day(asked)), [
    { period: '2026-02-01', ready: 1, disturbed: 1, not_ready: 1, unknown: 717 },
    { period: '2026-02-02', ready: 0, disturbed: 0, not_ready: 0, unknown: 1440 },
  ]);
  t.strictSame(items(await asked.get('/statistics/readiness?from=2026-02-01T12:00:00Z&per=hour&limit=1')), [
    { period: '2026-02-01T12', ready: 1, disturbed: 1, not_ready: 1, unknown: 57 },
  ]);
  const within = 'from=2026-02-01T12:30:00Z&to=2026-02-01T12:45:00Z&per=hour';
  t.strictSame(
    items(await asked.get(`/statistics/readiness?${within}`)),
    [{ period: '2026-02-01T12', ready: 1, disturbed: 1, not_ready: 1, unknown: 57 }],
    'an hour is told of as a whole, its unknown minutes too',
  );
});
