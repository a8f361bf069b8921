import t from 'tap';
import { makeAssertion } from '../../fixtures/assertion.ts';
import { ORGANIZATIONS } from '../../fixtures/made-up-world.ts';
import { type ApiCaller, items, refusedByApi, sameEachTime, startApi, type TestApi } from './api.ts';
import { makeDelegable, tagOf } from './delegable.ts';

const WRITE = ['portvakt:delegations.write'] as const;
const { consumer, supplier, customer } = ORGANIZATIONS;

async function parties(api: TestApi) {
  const [giver, receiver, owner, stranger] = await Promise.all([
    api.as('consumer', WRITE),
    api.as('supplier', WRITE),
    api.as('owner', WRITE),
    api.as('customer', WRITE),
  ]);
  return { giver, receiver, owner, stranger };
}

async function give(caller: ApiCaller, scopes: readonly string[], more: object = {}) {
  return caller.post('/delegations', { supplier_orgno: supplier.orgno, scopes, ...more });
}

t.test('a consumer gives a supplier a delegation, both read it, and nobody else does', async (t) => {
  const api = await startApi(t);
  const scope = await makeDelegable(api, 'skog.read');
  const { giver, receiver, owner, stranger } = await parties(api);
  const given = await give(giver, [scope], {
    valid_to: '2026-06-30T23:59:59+02:00',
    reason: 'avtale 2026/114',
  });
  t.equal(given.status, 200, given.text);
  t.match(given.body, {
    consumer_orgno: consumer.orgno,
    supplier_orgno: supplier.orgno,
    scopes: [scope],
    valid_to: '2026-06-30T21:59:59.000Z',
    state: 'ACTIVE',
    reason: 'avtale 2026/114',
  });
  const path = `/delegations/${given.body.id}`;
  for (const party of [giver, receiver]) t.same((await party.get(path)).body, given.body);
  const missing = await stranger.get('/delegations/00000000-0000-4000-8000-000000000000');
  t.equal(missing.status, 404);
  for (const other of [owner, stranger]) t.same(sameEachTime(await other.get(path)), sameEachTime(missing));
  const [record] = await api.server.storage.audit.list(1);
  t.match(record, { type: 'delegation.given', orgno: consumer.orgno, details: { subject: `delegation/${given.body.id}` } });
});

t.test('a supplier cannot give itself a delegation, nor anybody one of another consumer', async (t) => {
  const api = await startApi(t);
  const scope = await makeDelegable(api, 'skog.read');
  const { giver, receiver } = await parties(api);
  refusedByApi(t, await give(receiver, [scope]), 'PV-601', 'supplier_orgno');
  refusedByApi(t, await give(giver, [scope], { consumer_orgno: customer.orgno }), 'PV-601', 'consumer_orgno');
  t.same(
    (await api.server.storage.audit.list(50)).filter(({ type }) => type === 'delegation.given'),
    [],
  );
});

t.test('a delegation is refused that names what cannot be delegated here, or a period that cannot be', async (t) => {
  const api = await startApi(t);
  const scope = await makeDelegable(api, 'skog.read');
  const { giver } = await parties(api);
  const other = {
    name: 'altinn',
    issuer: 'https://altinn.example.no/',
    kind: 'altinn',
    base_url: 'https://platform.example.no/',
  };
  const operator = await api.as('operator', ['portvakt:operator']);
  t.equal((await operator.post('/operator/sources', { ...other, client_id: 'x', key_name: 'altinn' })).status, 200);
  const elsewhere = await makeDelegable(api, 'hav.read', { delegation_source: other.issuer });
  const gone = await makeDelegable(api, 'myr.read');
  const owner = await api.as('owner', ['idporten:scopes.write']);
  t.equal((await owner.delete(`/scopes?scope=${gone}`)).status, 200);
  for (const [change, field] of [
    [{ scopes: [scope, 'prove:kart.read'] }, 'scopes.1'],
    [{ scopes: ['prove:finnes.ikke'] }, 'scopes.0'],
    [{ scopes: [gone] }, 'scopes.0'],
    [{ scopes: [elsewhere] }, 'scopes.0'],
    [{ scopes: ['portvakt:operator'] }, 'scopes.0'],
    [{ scopes: ['hei'] }, 'scopes.0'],
    [{ scopes: [] }, 'scopes'],
    [{ scopes: [scope, scope] }, 'scopes'],
    [{ scopes: scope }, 'scopes'],
    [{ supplier_orgno: '310555046' }, 'supplier_orgno'],
    [{ supplier_orgno: `0192:${supplier.orgno}` }, 'supplier_orgno'],
    [{ valid_to: '2025-12-31T23:59:59Z' }, 'valid_to'],
    [{ valid_from: '2026-03-01T00:00:00Z', valid_to: '2026-02-01T00:00:00Z' }, 'valid_to'],
    [{ valid_to: '2026-12-31' }, 'valid_to'],
    [{ valid_to: 1798675200 }, 'valid_to'],
    [{ reason: '' }, 'reason'],
    [{ id: '00000000-0000-4000-8000-000000000000' }, 'id'],
    [{ state: 'ACTIVE' }, 'state'],
  ] as const)
    refusedByApi(
      t,
      await giver.post('/delegations', { supplier_orgno: supplier.orgno, scopes: [scope], ...change }),
      'PV-601',
      field,
    );
  t.same(items(await giver.get('/delegations?inactive=true&scope=prove:skog.read')), []);
});

t.test('a scope that has been given for the time is 409, after it or to another supplier it is not', async (t) => {
  const api = await startApi(t);
  const [scope, second] = [await makeDelegable(api, 'skog.read'), await makeDelegable(api, 'skog.write')];
  const { giver } = await parties(api);
  const first = await give(giver, [scope], { valid_to: '2026-02-01T00:00:00Z' });
  const again = await give(giver, [second, scope]);
  refusedByApi(t, again, 'PV-609', 'scopes.1');
  t.match(again.body.error_description, new RegExp(`${first.body.id}`));
  t.equal((await give(giver, [second])).status, 200, 'another scope');
  const later = await give(giver, [scope], { valid_from: '2026-02-01T00:00:00Z' });
  t.equal(later.body.state, 'FUTURE', 'the time after it');
  const elsewhere = await giver.post('/delegations', { supplier_orgno: customer.orgno, scopes: [scope] });
  t.equal(elsewhere.status, 200, 'another supplier');
  const path = `/delegations/${first.body.id}`;
  t.equal((await giver.delete(path, await tagOf(giver, path))).body.state, 'REVOKED');
  t.equal((await give(giver, [scope], { valid_to: '2026-02-01T00:00:00Z' })).status, 200, 'what was revoked');
});

t.test('the consumer revokes and the supplier gives back, with If-Match; what is revoked stays revoked', async (t) => {
  const api = await startApi(t);
  const scope = await makeDelegable(api, 'skog.read');
  const { giver, receiver, stranger } = await parties(api);
  for (const [who, type] of [
    [giver, 'delegation.revoked'],
    [receiver, 'delegation.given_back'],
  ] as const) {
    const path = `/delegations/${(await give(giver, [scope])).body.id}`;
    const tag = await tagOf(who, path);
    refusedByApi(t, await who.delete(path), 'PV-628');
    refusedByApi(t, await who.delete(path, { 'If-Match': '"x"' }), 'PV-612');
    refusedByApi(t, await stranger.delete(path, tag), 'PV-604');
    t.equal((await who.delete(`${path}?dry_run=true`, tag)).body.state, 'REVOKED');
    t.equal((await who.get(path)).body.state, 'ACTIVE', 'a dry run changes nothing');
    t.equal((await who.delete(path, tag)).body.state, 'REVOKED');
    const [record] = await api.server.storage.audit.list(1);
    t.match(record, { type, details: { before: { revoked: false }, after: { revoked: true } } });
    const revoked = await who.get(path);
    t.same((await who.delete(path, await tagOf(who, path))).body, revoked.body);
    t.equal((await api.server.storage.audit.list(2)).filter((each) => each.type === type).length, 1, 'and no second record');
  }
});

t.test('lists show a direction, by scope and party, those over only with inactive=true, in pages', async (t) => {
  const api = await startApi(t);
  const scopes = [await makeDelegable(api, 'skog.read'), await makeDelegable(api, 'skog.write')];
  const { giver, receiver, owner, stranger } = await parties(api);
  const ids = new Map<string, unknown>();
  for (const scope of scopes) ids.set(scope, (await give(giver, [scope], { valid_to: '2026-01-01T00:01:00Z' })).body.id);
  ids.set('other', (await giver.post('/delegations', { supplier_orgno: customer.orgno, scopes, reason: 'vår' })).body.id);
  const mine = new Set(ids.values());
  const list = async (caller: ApiCaller, query: string) =>
    items(await caller.get(`/delegations?${query}`))
      .map(({ id }) => id)
      .filter((id) => mine.has(id))
      .sort();
  const [read, write, other] = [ids.get('prove:skog.read'), ids.get('prove:skog.write'), ids.get('other')];
  const all = [read, write, other].sort();
  t.same(await list(giver, ''), all);
  t.same(await list(giver, 'direction=given'), all);
  t.same(await list(giver, 'direction=received'), []);
  t.same(await list(receiver, ''), [read, write].sort());
  t.same(await list(receiver, 'direction=received&scope=prove:skog.write'), [write]);
  t.same(await list(giver, `supplier_orgno=${customer.orgno}`), [other]);
  t.same(await list(receiver, `consumer_orgno=${consumer.orgno}`), [read, write].sort());
  t.same(await list(giver, `direction=given&consumer_orgno=${customer.orgno}`), [], "another's are never listed");
  t.same(await list(stranger, 'direction=given'), []);
  t.same(await list(stranger, 'direction=on_my_scopes'), []);
  t.same(await list(owner, 'direction=on_my_scopes&scope=prove:skog.read'), [read, other].sort());
  for (const { id, reason } of items(await owner.get('/delegations?direction=on_my_scopes'))) t.equal(reason, undefined, `${id}`);
  refusedByApi(t, await giver.get('/delegations?direction=every'), 'PV-601', 'direction');
  refusedByApi(t, await giver.get('/delegations?owner_orgno=310555029'), 'PV-601', 'owner_orgno');

  const first = await giver.get('/delegations?inactive=true&limit=1');
  const walked = [...items(first)];
  let [, next] = /^<\/api\/v1([^>]+)>; rel="next"$/.exec(first.headers.get('link') ?? '') ?? [];
  while (next !== undefined) {
    const page = await giver.get(next);
    walked.push(...items(page));
    [, next] = /^<\/api\/v1([^>]+)>; rel="next"$/.exec(page.headers.get('link') ?? '') ?? [];
  }
  t.same(walked, items(await giver.get('/delegations?inactive=true')), 'page by page as at once');
  api.server.clock.time += 60;
  t.same(await list(giver, ''), [other]);
  t.same(await list(giver, 'inactive=true'), all);
});

t.test('an owner sees its own scopes of a delegation, not those of others, and not why', async (t) => {
  const api = await startApi(t);
  const scope = await makeDelegable(api, 'skog.read');
  const operator = await api.as('operator', ['portvakt:operator']);
  await operator.post('/operator/prefixes', { prefix: 'annet', owner_orgno: customer.orgno });
  const neighbour = await api.as('customer', ['idporten:scopes.write']);
  const foreign = { prefix: 'annet', subscope: 'ting.read', description: 'x', delegation_source: api.server.issuer };
  t.equal((await neighbour.post('/scopes', foreign)).status, 200);
  const { giver, owner } = await parties(api);
  const { body } = await give(giver, [scope, 'annet:ting.read'], { reason: 'begge deler' });
  const [seen] = items(await owner.get(`/delegations?direction=on_my_scopes&scope=${scope}`));
  const { reason: _, ...rest } = body;
  t.same(seen, { ...rest, scopes: [scope] });
  t.same(
    items(await owner.get('/delegations?direction=on_my_scopes&scope=annet:ting.read')).map(({ scopes }) => scopes),
    [[scope]],
  );
});

t.test('POST gives once for an idempotency key, and nothing in a dry run', async (t) => {
  const api = await startApi(t);
  const scope = await makeDelegable(api, 'skog.read');
  const { giver } = await parties(api);
  const wish = { supplier_orgno: supplier.orgno, scopes: [scope] };
  t.equal((await giver.post('/delegations?dry_run=true', wish)).body.state, 'ACTIVE');
  t.same(items(await giver.get(`/delegations?scope=${scope}`)), []);
  const key = { 'Idempotency-Key': 'en-gang' };
  const first = await giver.post('/delegations', wish, key);
  t.same((await giver.post('/delegations', wish, key)).body, first.body);
  refusedByApi(t, await giver.post('/delegations', { ...wish, scopes: ['prove:skog.write'] }, key), 'PV-622');
  t.equal(items(await giver.get(`/delegations?scope=${scope}`)).length, 1);
});

/** Asks the token endpoint for the supplier in the consumer's name. */
async function tokenFor({ server }: TestApi, clientId: string, scope: string) {
  const { key, kid } = server.client('demo-supplier');
  const assertion = await makeAssertion({
    ...{ clientId, audience: server.issuer, key, ...(kid !== undefined && { kid }), now: server.clock.time, scope },
    claims: { consumer_org: consumer.orgno },
  });
  return server.ask(assertion);
}

t.test('PV-SEC-072 what is given opens the token endpoint at the next request, what is revoked shuts it', async (t) => {
  const api = await startApi(t);
  const scope = await makeDelegable(api, 'skog.read');
  const { giver } = await parties(api);
  const { clientId } = api.server.client('demo-supplier');
  const dcr = await api.as('supplier', ['idporten:dcr.write']);
  const before = await dcr.get(`/clients/${clientId}`);
  const { client_name, description, integration_type, scopes } = before.body as Record<string, unknown> & { scopes: string[] };
  const wish = { client_name, description: description ?? 'x', integration_type, scopes: [...scopes, scope] };
  t.equal((await dcr.put(`/clients/${clientId}`, wish)).status, 200);
  const check = `/delegations/check?consumer_orgno=${consumer.orgno}&supplier_orgno=${supplier.orgno}&scope=${scope}`;
  t.match((await tokenFor(api, clientId, scope)).body.error_uri, /MP-251$/);
  t.match((await giver.get(check)).body, { allowed: false, code: 'MP-251' });

  const { body } = await give(giver, [scope], { valid_to: '2026-01-01T01:00:00Z' });
  t.equal((await tokenFor(api, clientId, scope)).status, 200);
  t.match((await giver.get(check)).body, { allowed: true, code: undefined });
  const path = `/delegations/${body.id}`;
  await giver.delete(path, await tagOf(giver, path));
  t.match((await tokenFor(api, clientId, scope)).body.error_uri, /MP-251$/);

  await give(giver, [scope], { valid_to: '2026-01-01T01:00:00Z' });
  t.equal((await tokenFor(api, clientId, scope)).status, 200);
  const owner = await api.as('owner', ['idporten:scopes.write']);
  await owner.delete(`/scopes/access/${consumer.orgno}?scope=${scope}`);
  t.match((await tokenFor(api, clientId, scope)).body.error_uri, /MP-250$/);
  t.match((await giver.get(check)).body, { allowed: false, code: 'MP-250' });
  await owner.put(`/scopes/access/${consumer.orgno}?scope=${scope}`);
  t.equal((await tokenFor(api, clientId, scope)).status, 200);
  api.server.clock.time += 3600;
  t.match((await tokenFor(api, clientId, scope)).body.error_uri, /MP-251$/, 'and over is over');
});

t.test('the check answers consumer, supplier and owner as the token endpoint would, and nobody else', async (t) => {
  const api = await startApi(t);
  const scope = await makeDelegable(api, 'skog.read');
  const hidden = await makeDelegable(api, 'gruve.read', { visibility: 'PRIVATE' });
  const { giver, receiver, owner, stranger } = await parties(api);
  const path = (changes: object = {}) =>
    `/delegations/check?${new URLSearchParams({ consumer_orgno: consumer.orgno, supplier_orgno: supplier.orgno, scope, ...changes })}`;
  await give(giver, [scope]);
  for (const party of [giver, receiver, owner]) t.equal((await party.get(path())).body.allowed, true);
  refusedByApi(t, await stranger.get(path()), 'PV-604');
  t.match((await giver.get(path({ supplier_orgno: consumer.orgno }))).body, { allowed: false, code: 'PV-252' });
  t.match((await giver.get(path({ supplier_orgno: customer.orgno }))).body, { allowed: false, code: 'MP-251' });
  t.match((await receiver.get(path({ consumer_orgno: customer.orgno }))).body, { allowed: false, code: 'MP-250' });
  t.match((await giver.get(path({ supplier_orgno: '310555088' }))).body, { allowed: false, code: 'MP-251' }, 'not registered');
  t.match((await giver.get(path({ scope: 'prove:kart.read' }))).body, { allowed: false, code: 'MP-251' }, 'not to be delegated');
  t.match((await giver.get(path({ scope: 'prove:finnes.ikke' }))).body, { allowed: false, code: 'MP-200' });
  t.match(
    (await receiver.get(path({ scope: hidden }))).body,
    { allowed: false, code: 'MP-200' },
    'as none, because it cannot be seen',
  );
  t.match((await giver.get(path({ scope: hidden }))).body, { allowed: false, code: 'MP-251' });
  await give(giver, [hidden]);
  t.equal((await receiver.get(path({ scope: hidden }))).body.allowed, true);
  refusedByApi(t, await giver.get(`/delegations/check?consumer_orgno=${consumer.orgno}`), 'PV-601', 'scope');
});

t.test('reading takes portvakt:delegations.read or .write, giving and revoking .write', async (t) => {
  const api = await startApi(t);
  const reader = await api.as('consumer', ['portvakt:delegations.read']);
  t.equal((await reader.get('/delegations')).status, 200);
  refusedByApi(t, await give(reader, ['prove:bygg.read']), 'PV-641');
});

t.test('a supplier reads what it asked for in vain, until it is delegated', async (t) => {
  const api = await startApi(t);
  const scope = await makeDelegable(api, 'skog.read');
  const { giver, receiver } = await parties(api);
  const missed = { scope, consumerOrgno: consumer.orgno, supplierOrgno: supplier.orgno, times: 3, lastAsked: 1767225000 };
  await api.server.storage.missedDelegations.add([missed]);
  const row = { consumer_orgno: consumer.orgno, scope, times: 3, last_asked: '2025-12-31T23:50:00.000Z' };
  t.same(items(await receiver.get('/delegations/missing')), [row]);
  t.same(items(await giver.get('/delegations/missing')), [], 'only what the own organisation asked for');
  await give(giver, [scope]);
  t.same(items(await receiver.get('/delegations/missing')), []);
});
