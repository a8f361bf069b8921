import t from 'tap';
import { type ApiCaller, items, refusedByApi, sameEachTime, startApi, type TestApi } from './api.ts';

const WRITE = ['idporten:scopes.write'] as const;
const SUPPLIER = '310555045';
const CONSUMER = '310555037';
const ASK = ['idporten:dcr.write'] as const;

t.test('a consumer asks, the owner is told why and by whom, and approves: the access opens (own API)', async (t) => {
  const { as, server } = await startApi(t);
  const { asker, owner } = await parties(as);
  const asked = await asker.post('/scopes/access/requests', { scope: 'prove:bygg.read', reason: 'Byggesaker\ntil kunder' });
  t.match(asked.body, {
    state: 'REQUESTED',
    consumer_orgno: SUPPLIER,
    requested_by: 'admin-supplier',
    reason: 'Byggesaker\ntil kunder',
  });
  t.match(items(await asker.get('/scopes/access/requests?direction=made')), [{ scope: 'prove:bygg.read' }]);
  t.strictSame(items(await owner.get('/scopes/access/requests?direction=received')), [asked.body]);
  t.same(items(await owner.get(`/scopes/access?consumer_orgno=${SUPPLIER}`)), [], 'it is no access yet');
  const ask = async () => server.ask(await server.assertion('demo-supplier', { scope: 'prove:bygg.read' }));
  t.match((await ask()).body.error_uri, /MP-250$/);
  const decided = await owner.post(`/scopes/access/requests/${SUPPLIER}?scope=prove:bygg.read`, { decision: 'approve' });
  t.match(decided.body, { state: 'APPROVED', reason: 'Byggesaker\ntil kunder' });
  t.equal((await ask()).status, 200);
  t.same(items(await owner.get('/scopes/access/requests')), []);
  t.match(items(await asker.get('/scopes/access/requests?inactive=true')), [{ state: 'APPROVED' }], 'what was answered is kept');
});

t.test('the owner denies with a reason, which the consumer can read; it may ask again (own API)', async (t) => {
  const { as, server } = await startApi(t);
  const { asker, owner } = await parties(as);
  const ask = { scope: 'prove:bygg.read' };
  await asker.post('/scopes/access/requests', ask);
  refusedByApi(t, await asker.post('/scopes/access/requests', ask), 'PV-609', 'scope');
  const denial = { decision: 'deny', reason: 'Ikke nå' };
  const denied = await owner.post(`/scopes/access/requests/${SUPPLIER}?scope=prove:bygg.read`, denial);
  t.match(denied.body, { state: 'DENIED', reason: 'Ikke nå' });
  t.match((await server.storage.audit.list(1))[0], { type: 'access.denied', details: { before: { state: 'REQUESTED' } } });
  refusedByApi(
    t,
    await owner.post(`/scopes/access/requests/${SUPPLIER}?scope=prove:bygg.read`, denial),
    'PV-609',
    'consumer_orgno',
  );
  t.match(items(await asker.get('/scopes/access/requests?inactive=true')), [{ state: 'DENIED', reason: 'Ikke nå' }]);
  t.equal((await asker.post('/scopes/access/requests', ask)).body.state, 'REQUESTED');
  t.equal(
    (await owner.put(`/scopes/access/${SUPPLIER}?scope=prove:bygg.read`)).body.state,
    'APPROVED',
    'an ordinary PUT answers a request as well',
  );
});

t.test('nothing is asked for twice, for what is open, or for what the consumer cannot see (own API)', async (t) => {
  const { as } = await startApi(t);
  const { asker, owner } = await parties(as);
  await owner.post('/scopes', { prefix: 'prove', subscope: 'skjult', description: 'x', visibility: 'PRIVATE' });
  const consumer = await as('consumer', ASK);
  const ask = (caller: ApiCaller, scope: string) => caller.post('/scopes/access/requests', { scope });
  refusedByApi(t, await ask(consumer, 'prove:bygg.read'), 'PV-609', 'scope');
  refusedByApi(t, await ask(asker, 'prove:kart.read'), 'PV-609', 'scope');
  const missing = await ask(asker, 'prove:finnes.ikke');
  t.equal(missing.status, 404);
  for (const scope of ['prove:skjult', 'prove:arkiv.read', 'idporten:dcr.read'])
    t.strictSame(sameEachTime(await ask(asker, scope)), sameEachTime(missing), scope);
});

t.test('a direction is open to the scopes that it is for, and without one both are shown (own API)', async (t) => {
  const { as } = await startApi(t);
  const { asker, owner } = await parties(as);
  await asker.post('/scopes/access/requests', { scope: 'prove:bygg.read' });
  refusedByApi(t, await asker.get('/scopes/access/requests?direction=received'), 'PV-641');
  refusedByApi(t, await owner.get('/scopes/access/requests?direction=made'), 'PV-641');
  refusedByApi(t, await owner.get('/scopes/access/requests?direction=both'), 'PV-601', 'direction');
  t.equal(items(await asker.get('/scopes/access/requests')).length, 1);
  t.equal(items(await owner.get('/scopes/access/requests')).length, 1);
  t.same(items(await (await as('customer', ASK)).get('/scopes/access/requests')), []);
});

t.test('a request with an unknown or a read-only member, or without its words, is refused (own API)', async (t) => {
  const { as } = await startApi(t);
  const { asker, owner } = await parties(as);
  const ask = (body: object) => asker.post('/scopes/access/requests', body);
  for (const [body, field] of [
    [{}, 'scope'],
    [{ scope: 5 }, 'scope'],
    [{ scope: 'prove:bygg.read', consumer_orgno: CONSUMER }, 'consumer_orgno'],
    [{ scope: 'prove:bygg.read', state: 'APPROVED' }, 'state'],
    [{ scope: 'prove:bygg.read', reason: null }, 'reason'],
    [{ scope: 'prove:bygg.read', reason: '' }, 'reason'],
    [{ scope: 'prove:bygg.read', reason: 'x'.repeat(1001) }, 'reason'],
    [{ scope: 'prove:bygg.read', reason: 'a\u0007' }, 'reason'],
  ] as const)
    refusedByApi(t, await ask(body), 'PV-601', field);
  const decide = (orgno: string, scope: string, body: object) =>
    owner.post(`/scopes/access/requests/${orgno}?scope=${scope}`, body);
  refusedByApi(t, await decide(SUPPLIER, 'prove:bygg.read', { decision: 'maybe' }), 'PV-601', 'decision');
  refusedByApi(t, await decide('310555038', 'prove:bygg.read', { decision: 'deny' }), 'PV-601', 'consumer_orgno');
  t.equal((await decide(SUPPLIER, 'prove:bygg.read', { decision: 'deny' })).status, 404, 'nobody asked');
  t.equal((await decide(SUPPLIER, 'annet:x', { decision: 'deny' })).status, 404);
});

async function parties(as: TestApi['as']): Promise<{ asker: ApiCaller; owner: ApiCaller }> {
  return { asker: await as('supplier', ASK), owner: await as('owner', WRITE) };
}
