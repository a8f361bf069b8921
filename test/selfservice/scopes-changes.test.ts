import t from 'tap';
import type { Scope } from '../../server/core/scope.ts';
import { refusedByApi, startApi } from './api.ts';

const WRITE = ['idporten:scopes.write'] as const;

const wanted = { prefix: 'prove', subscope: 'vei.read', description: 'Lese veier' };
const NEW = '/scopes?scope=prove:vei.read';
const BUILDING = '/scopes?scope=prove:bygg.read';

t.test('PV-SEC-087 a stale If-Match is 412 and changes nothing; without it a change is applied whole', async (t) => {
  const { as } = await startApi(t);
  const owner = await as('owner', WRITE);
  const tag = (await owner.get(BUILDING)).headers.get('etag') ?? '';
  t.equal((await owner.put(BUILDING, { description: 'ny' }, { 'If-Match': tag })).status, 200);
  const stale = await owner.put(BUILDING, { description: 'nyere' }, { 'If-Match': tag });
  t.equal(stale.status, 412);
  refusedByApi(t, stale, 'PV-612');
  refusedByApi(t, await owner.delete(BUILDING, { 'If-Match': tag }), 'PV-612');
  t.equal((await owner.get(BUILDING)).body.description, 'ny');
  t.equal((await owner.put(BUILDING, { description: 'nyere' })).status, 200);
});

t.test('PV-SEC-086 of twenty who make one scope at once, one makes it and the others get 409', async (t) => {
  const { as, server } = await startApi(t);
  const owner = await as('owner', WRITE);
  const racers = Array.from({ length: 20 }, (_, place) => owner.post('/scopes', { ...wanted, description: `nr ${place}` }));
  const answers = await Promise.all(racers);
  t.same(answers.map(({ status }) => status).sort(), [200, ...Array(19).fill(409)]);
  const winner = answers.find(({ status }) => status === 200)?.body;
  t.strictSame((await owner.get(NEW)).body, winner);
  const created = (await server.storage.audit.list(100)).filter(({ type }) => type === 'scope.created');
  t.equal(created.length, 1);
});

t.test('PV-SEC-087 of twenty writers with one tag one wins', async (t) => {
  const { as } = await startApi(t);
  const owner = await as('owner', WRITE);
  const tag = (await owner.get(BUILDING)).headers.get('etag') ?? '';
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, place) => owner.put(BUILDING, { description: `nr ${place}` }, { 'If-Match': tag })),
  );
  t.same(answers.map(({ status }) => status).sort(), [200, ...Array(19).fill(412)]);
  t.equal((await owner.get(BUILDING)).body.description, answers.find(({ status }) => status === 200)?.body.description);
});

t.test('?dry_run=true judges and answers as ever, and stores nothing, no audit record either', async (t) => {
  const { as, server } = await startApi(t);
  const owner = await as('owner', WRITE);
  const before = (await server.storage.audit.list(100)).length;
  t.match((await owner.post('/scopes?dry_run=true', wanted)).body, { name: 'prove:vei.read', active: true });
  t.equal((await owner.delete(`${BUILDING}&dry_run=true`)).body.active, false);
  refusedByApi(t, await owner.post('/scopes?dry_run=true', { ...wanted, prefix: 'kart' }), 'PV-643');
  t.equal(await server.storage.scopes.find('prove:vei.read'), undefined);
  t.equal((await server.storage.scopes.find('prove:bygg.read'))?.active, true);
  t.equal((await server.storage.audit.list(100)).length, before);
});

t.test(
  'PV-SEC-092, PV-SEC-109 every change leaves one audit record with before and after, who and under which number',
  async (t) => {
    const { as, server } = await startApi(t);
    const owner = await as('owner', WRITE);
    const record = async () => (await server.storage.audit.list(1))[0];
    const made = await owner.post('/scopes', wanted);
    t.match(await record(), {
      type: 'scope.created',
      at: server.clock.time,
      clientId: 'admin-owner',
      orgno: '310555029',
      correlationId: made.headers.get('x-correlation-id'),
      details: { subject: 'scope/prove:vei.read', after: { name: 'prove:vei.read', description: 'Lese veier', active: true } },
    });
    const changed = await owner.put(NEW, { description: 'Se veier' });
    t.match(await record(), {
      type: 'scope.changed',
      correlationId: changed.headers.get('x-correlation-id'),
      details: { before: { description: 'Lese veier' }, after: { description: 'Se veier' } },
    });
    await owner.delete(NEW);
    t.match(await record(), { type: 'scope.deactivated', details: { before: { active: true }, after: { active: false } } });
    await owner.put(NEW, { description: 'Se veier' });
    t.match(await record(), { type: 'scope.revived' });
  },
);

t.test('PV-SEC-092 a change whose audit record cannot be written is not made', async (t) => {
  const { as, server } = await startApi(t);
  const owner = await as('owner', WRITE);
  const transaction = server.storage.transaction.bind(server.storage);
  Object.assign(server.storage, {
    transaction: (work: Parameters<typeof transaction>[0]) =>
      transaction((changes) => work({ ...changes, audit: { append: () => Promise.reject(new Error('no audit')) } })),
  });
  const answer = await server.get('/api/v1/scopes', {
    method: 'POST',
    body: JSON.stringify(wanted),
    headers: { Authorization: `Bearer ${owner.token}`, 'Content-Type': 'application/json' },
  });
  t.equal(answer.status, 500);
  t.equal(await server.storage.scopes.find('prove:vei.read'), undefined);
});

t.test('10,000 scopes: made, listed and changed without delay (figures as comments)', async (t) => {
  const { as, server, nobody } = await startApi(t);
  const owner = await as('owner', WRITE);
  const [first] = await server.storage.scopes.list();
  if (!first) throw new Error('the world has scopes');
  await server.storage.transaction(async ({ scopes }) => {
    for (let number = 0; number < 10_000; number++) await scopes.put(numbered(first, number));
  });
  const seconds = async (sentence: string, work: () => Promise<{ readonly status: number }>) => {
    const start = performance.now();
    t.equal((await work()).status, 200);
    const taken = performance.now() - start;
    t.comment(`${sentence}: ${taken.toFixed(0)} ms`);
    t.ok(taken < 5_000, sentence);
  };
  await seconds('GET /scopes of 10,000', () => owner.get('/scopes'));
  await seconds('GET /scopes/all of 10,000', () => nobody.get('/scopes/all'));
  await seconds('POST /scopes among 10,000', () => owner.post('/scopes', wanted));
  await seconds('PUT /scopes among 10,000', () => owner.put(NEW, wanted));
});

function numbered(scope: Scope, number: number): Scope {
  const subscope = `nr.${number}`;
  return { ...scope, name: `prove:${subscope}`, subscope, active: true };
}
