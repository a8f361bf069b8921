import t from 'tap';
import { isNorwegianNumber } from '../../server/core/organization.ts';
import { items, refusedByApi, sameEachTime, startApi } from './api.ts';

const READ = ['idporten:scopes.read'] as const;
const WRITE = ['idporten:scopes.write'] as const;

const SUPPLIER = '310555045';
const CONSUMER = '310555037';
const path = (orgno: string, scope = 'prove:bygg.read') => `/scopes/access/${orgno}?scope=${scope}`;
const granted = path(CONSUMER);
const none = path(SUPPLIER);

t.test('an access is answered with both organisations, their names, and RFC 3339 times (contract §5.5.3)', async (t) => {
  const { as } = await startApi(t);
  const owner = await as('owner', WRITE);
  const answer = await owner.put(none);
  t.equal(answer.status, 200);
  t.strictSame(answer.body, {
    scope: 'prove:bygg.read',
    state: 'APPROVED',
    owner_orgno: '310555029',
    owner_organization_name: 'Prøveetaten',
    consumer_orgno: SUPPLIER,
    consumer_organization_name: 'Demo Integrasjon AS',
    created: '2026-01-01T00:00:00.000Z',
    last_updated: '2026-01-01T00:00:00.000Z',
  });
});

t.test('PUT takes an empty body with a JSON content type, as clients send it (contract §5.1, §5.9 no. 13)', async (t) => {
  const { as } = await startApi(t);
  const owner = await as('owner', WRITE);
  t.equal((await owner.put(none, '', { 'Content-Type': 'application/json' })).status, 200);
  t.equal((await owner.delete(none, { 'Content-Type': 'application/json' })).status, 200);
  t.equal((await owner.get('/scopes/access?scope=prove:bygg.read', { 'Content-Type': 'application/json' })).status, 200);
});

t.test('the transitions of an access are those of the contract (§5.5.3)', async (t) => {
  const { as, server } = await startApi(t);
  const owner = await as('owner', WRITE);
  const missing = await owner.delete(none);
  t.equal(missing.status, 404, 'DELETE of what never was');
  const state = async () => (await server.storage.accesses.find('prove:bygg.read', SUPPLIER))?.state;
  const first = await owner.put(none);
  server.clock.time += 30;
  t.strictSame((await owner.put(none)).body, first.body, 'PUT on APPROVED changes nothing');
  const denied = await owner.delete(none);
  t.match(denied.body, { state: 'DENIED', created: first.body.created, last_updated: '2026-01-01T00:00:30.000Z' });
  t.equal(await state(), 'DENIED', 'the row stays');
  server.clock.time += 30;
  t.strictSame((await owner.delete(none)).body, denied.body, 'DELETE on DENIED changes nothing');
  t.match((await owner.put(none)).body, { state: 'APPROVED', created: first.body.created });
});

t.test('MP-250 at the next token request when an access is withdrawn, and a token when it is back', async (t) => {
  const { as, server } = await startApi(t);
  const owner = await as('owner', WRITE);
  const ask = async () => server.ask(await server.assertion('demo-consumer', { scope: 'prove:bygg.read' }));
  t.equal((await ask()).status, 200);
  await owner.delete(granted);
  const refused = await ask();
  t.equal(refused.status, 403);
  t.match(refused.body.error_uri, /MP-250$/);
  await owner.put(granted);
  t.equal((await ask()).status, 200);
});

t.test('400 for a bad organisation number or one that is not registered, naming consumer_orgno (contract §5.5.1)', async (t) => {
  const { as } = await startApi(t);
  const owner = await as('owner', WRITE);
  for (const orgno of [
    '310555038',
    '31055503',
    '3105550370',
    'abc',
    '0192:310555037',
    '%20310555037',
    '٣١٠٥٥٥٠٣٧',
    '974760673',
  ]) {
    const answer = await owner.put(path(orgno));
    t.equal(answer.status, 400, orgno);
    refusedByApi(t, answer, 'PV-601', 'consumer_orgno');
  }
  refusedByApi(t, await owner.delete(path('310555038')), 'PV-601', 'consumer_orgno');
  refusedByApi(t, await owner.put(`/scopes/access/${SUPPLIER}`), 'PV-601', 'scope');
});

t.test('an inactive scope lets nobody new in, 409, and its accesses can be withdrawn (contract §5.8)', async (t) => {
  const { as } = await startApi(t);
  const owner = await as('owner', WRITE);
  await owner.delete('/scopes?scope=prove:bygg.read');
  refusedByApi(t, await owner.put(none), 'PV-609', 'scope');
  t.equal((await owner.put(granted)).status, 200, 'who is in stays in');
  t.equal((await owner.delete(granted)).body.state, 'DENIED');
});

t.test(
  'lists hide what is not approved unless inactive=true, filter, and are [] when nothing matches (contract §5.5.1)',
  async (t) => {
    const { as } = await startApi(t);
    const owner = await as('owner', WRITE);
    await owner.put(none);
    await owner.delete(none);
    const rows = async (query: string) =>
      items(await owner.get(`/scopes/access${query}`)).map(
        ({ scope, consumer_orgno, state }) => `${scope} ${consumer_orgno} ${state}`,
      );
    const approved = ['prove:bygg.read 310555037 APPROVED', 'prove:bygg.read 310555053 APPROVED'];
    t.same(await rows(''), approved);
    t.same(await rows('?scope=prove:bygg.read'), approved);
    t.same(await rows('?scope=prove:kart.read'), []);
    t.same(await rows('?scope=annet:x'), []);
    t.same(await rows(`?consumer_orgno=${CONSUMER}`), [approved[0]]);
    t.same(await rows(`?consumer_orgno=${SUPPLIER}`), []);
    t.same(await rows(`?consumer_orgno=${SUPPLIER}&inactive=true`), ['prove:bygg.read 310555045 DENIED']);
    t.equal((await rows('?inactive=true')).length, 3);
    refusedByApi(t, await owner.get('/scopes/access?consumer_orgno=123456789'), 'PV-601', 'consumer_orgno');
  },
);

t.test(
  '/scopes/access/all shows what the own organisation has been given, to holders of read or write (contract §9 no. 23)',
  async (t) => {
    const { as } = await startApi(t);
    const owner = await as('owner', WRITE);
    for (const scopes of [READ, WRITE]) {
      const consumer = await as('consumer', scopes);
      const list = items(await consumer.get('/scopes/access/all'));
      t.match(list, [{ scope: 'prove:bygg.read', state: 'APPROVED', owner_orgno: '310555029', consumer_orgno: CONSUMER }]);
      t.equal(list.length, 1);
    }
    const consumer = await as('consumer', READ);
    await owner.put('/scopes?scope=prove:bygg.read', { description: 'x', allowed_integration_types: ['krr', 'maskinporten'] });
    t.equal(items(await consumer.get('/scopes/access/all?integration_type=MASKINPORTEN')).length, 1);
    t.equal(items(await consumer.get('/scopes/access/all?integration_type=idporten')).length, 0);
    await owner.delete('/scopes?scope=prove:bygg.read');
    t.equal(items(await consumer.get('/scopes/access/all')).length, 1, 'of a deactivated scope, too: contract §5.8');
    await owner.delete(granted);
    t.same(items(await consumer.get('/scopes/access/all')), []);
    t.match(items(await consumer.get('/scopes/access/all?inactive=true')), [{ state: 'DENIED' }]);
  },
);

t.test(
  "PV-SEC-083 accesses on another organisation's scope are as those on none, and reserved scopes are nobody's",
  async (t) => {
    const { as } = await startApi(t);
    const consumer = await as('consumer', WRITE);
    const owner = await as('owner', WRITE);
    for (const method of ['PUT', 'DELETE']) {
      const foreign = await consumer.send(method, granted);
      t.equal(foreign.status, 404);
      t.strictSame(sameEachTime(foreign), sameEachTime(await consumer.send(method, path(CONSUMER, 'prove:finnes.ikke'))));
      for (const scope of ['idporten:dcr.read', 'portvakt:operator', 'altinn:maskinporten/delegations'])
        t.equal((await owner.send(method, path(CONSUMER, scope))).status, 404, scope);
    }
    t.same(items(await consumer.get('/scopes/access?scope=prove:bygg.read&inactive=true')), []);
  },
);

t.test('PV-SEC-087 If-Match holds for accesses, also where there is none yet', async (t) => {
  const { as } = await startApi(t);
  const owner = await as('owner', WRITE);
  refusedByApi(t, await owner.put(none, undefined, { 'If-Match': '"x"' }), 'PV-612');
  const tag = (await owner.put(none)).headers.get('etag') ?? '';
  refusedByApi(t, await owner.delete(none, { 'If-Match': '"x"' }), 'PV-612');
  t.equal((await owner.delete(none, { 'If-Match': tag })).status, 200);
  refusedByApi(t, await owner.put(none, undefined, { 'If-Match': tag }), 'PV-612');
});

t.test('of twenty who let one organisation in at once all succeed, with one record (contract §5.9 no. 15)', async (t) => {
  const { as, server } = await startApi(t);
  const owner = await as('owner', WRITE);
  const answers = await Promise.all(Array.from({ length: 20 }, () => owner.put(none)));
  t.same(new Set(answers.map(({ status }) => status)), new Set([200]));
  t.equal((await server.storage.audit.list(100)).filter(({ type }) => type === 'access.granted').length, 1);
});

t.test('PV-SEC-109 every change of an access is recorded with before and after', async (t) => {
  const { as, server } = await startApi(t);
  const owner = await as('owner', WRITE);
  await owner.put(none);
  const [made] = await server.storage.audit.list(1);
  t.match(made, {
    type: 'access.granted',
    clientId: 'admin-owner',
    orgno: '310555029',
    details: { subject: 'access/prove:bygg.read/310555045', after: { state: 'APPROVED' } },
  });
  await owner.delete(none);
  const [gone] = await server.storage.audit.list(1);
  t.match(gone, { type: 'access.withdrawn', details: { before: { state: 'APPROVED' }, after: { state: 'DENIED' } } });
});

t.test('?dry_run=true of an access stores nothing', async (t) => {
  const { as, server } = await startApi(t);
  const owner = await as('owner', WRITE);
  t.equal((await owner.put(`${none}&dry_run=true`)).body.state, 'APPROVED');
  t.equal(await server.storage.accesses.find('prove:bygg.read', SUPPLIER), undefined);
});

t.test('100,000 accesses on 10,000 scopes: lists, changes and tokens without delay (figures as comments)', async (t) => {
  const { as, server } = await startApi(t);
  const owner = await as('owner', WRITE);
  const { storage } = server;
  const [scope] = await storage.scopes.list();
  if (!scope) throw new Error('the world has scopes');
  await storage.transaction(async (changes) => {
    for (const orgno of validNumbers(1000)) await changes.organizations.put({ ...known, orgno, name: `Org ${orgno}` });
    for (let number = 0; number < 10_000; number++) {
      const subscope = `nr.${number}`;
      await changes.scopes.put({ ...scope, name: `prove:${subscope}`, subscope, active: true });
      for (const consumerOrgno of validNumbers(10))
        await changes.accesses.put({ ...approved, scope: `prove:${subscope}`, consumerOrgno });
    }
    for (const consumerOrgno of validNumbers(1000))
      await changes.accesses.put({ ...approved, scope: 'prove:bygg.read', consumerOrgno });
  });
  const timed = async (sentence: string, most: number, work: () => Promise<{ readonly status: number }>) => {
    const start = performance.now();
    t.equal((await work()).status, 200);
    const taken = performance.now() - start;
    t.comment(`${sentence}: ${taken.toFixed(1)} ms`);
    t.ok(taken < most, `${sentence} within ${most} ms`);
  };
  const raw = (path: string) => server.get(`/api/v1${path}`, { headers: { Authorization: `Bearer ${owner.token}` } });
  await timed('GET /scopes/access, all 101,002', 10_000, () => raw('/scopes/access'));
  await timed('GET /scopes/access of a scope with 1,002', 1_000, () => raw('/scopes/access?scope=prove:bygg.read'));
  await timed('GET /scopes/access of a consumer with 10,001', 2_000, () =>
    raw(`/scopes/access?consumer_orgno=${validNumbers(1)[0]}`),
  );
  await timed('GET /scopes/access/all of a consumer with 1', 1_000, async () =>
    (await as('consumer', READ)).get('/scopes/access/all'),
  );
  await timed('PUT of an access', 1_000, () => raw('/scopes/access?scope=prove:kart.read').then(() => owner.put(none)));
  await timed('a token', 1_000, async () => server.ask(await server.assertion('demo-consumer', { scope: 'prove:bygg.read' })));
});

const known = { active: true, adminScopes: [], created: 0, lastUpdated: 0 };
const approved = { state: 'APPROVED', created: 0, lastUpdated: 0 } as const;

/** Numbers with a valid check digit. Contract §0.4 */
function validNumbers(count: number): readonly string[] {
  return candidates.slice(0, count);
}

const candidates = Array.from({ length: 12_000 }, (_, place) => `${310600000 + place}`).filter(isNorwegianNumber);
