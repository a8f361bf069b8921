import t, { type Test } from 'tap';
import { makeAssertion } from '../../fixtures/assertion.ts';
import { makeKeyPair } from '../../fixtures/test-ca.ts';
import { type ApiCaller, adminOf, items, refusedByApi, sameEachTime, startApi } from './api.ts';

const OPERATOR = ['portvakt:operator'] as const;
const NEW = { orgno: '310555061', name: 'Påfunn AS' };
const consumer = '/operator/organizations/310555037';
const self = '/operator/organizations/310555010';

/** What stands at an address, and its tag. */
async function read(caller: ApiCaller, path: string): Promise<{ body: Record<string, unknown>; tag: Record<string, string> }> {
  const { body, headers } = await caller.get(path);
  return { body, tag: { 'If-Match': headers.get('etag') ?? '' } };
}

t.test('an organisation is registered with a name, active and without admin scopes unless told (own API)', async (t) => {
  const { as, server } = await startApi(t);
  const operator = await as('operator', OPERATOR);
  const made = await operator.post('/operator/organizations', NEW);
  t.strictSame(made.body, {
    ...NEW,
    active: true,
    admin_scopes: [],
    created: '2026-01-01T00:00:00.000Z',
    last_updated: '2026-01-01T00:00:00.000Z',
  });
  t.strictSame((await operator.get(`/operator/organizations/${NEW.orgno}`)).body, made.body);
  t.strictSame((await server.get(`/organizations/${NEW.orgno}`)).body, { orgnr: NEW.orgno, name: NEW.name });
  refusedByApi(t, await operator.post('/operator/organizations', NEW), 'PV-609', 'orgno');
  t.match((await server.storage.audit.list(1))[0], { type: 'organization.created', details: { after: NEW } });
});

t.test('PUT replaces an organisation, needs If-Match (428) and a fresh one (412) (own API, PV-SEC-087)', async (t) => {
  const { as, server } = await startApi(t);
  const operator = await as('operator', OPERATOR);
  const { tag } = await read(operator, consumer);
  const missing = await operator.put(consumer, { name: 'Ny' });
  t.equal(missing.status, 428);
  refusedByApi(t, missing, 'PV-628');
  const changed = await operator.put(consumer, { name: 'Ny', admin_scopes: ['idporten:dcr.read', 'idporten:dcr.read'] }, tag);
  t.match(changed.body, { name: 'Ny', active: true, admin_scopes: ['idporten:dcr.read'] });
  t.equal((changed.body.admin_scopes as string[]).length, 1);
  const stale = await operator.put(consumer, { name: 'Nyere' }, tag);
  t.equal(stale.status, 412);
  t.match((await server.storage.audit.list(1))[0], {
    type: 'organization.changed',
    details: { subject: 'organization/310555037', before: { name: 'Eksempel Bygg AS' }, after: { name: 'Ny' } },
  });
});

t.test('unknown, read-only and null members, wrong types and impossible numbers are refused (own API)', async (t) => {
  const { as, server } = await startApi(t);
  const operator = await as('operator', OPERATOR);
  for (const [change, field] of [
    [{ orgno: '310555062' }, 'orgno'],
    [{ orgno: '0192:310555061' }, 'orgno'],
    [{ orgno: 310555061 }, 'orgno'],
    [{ name: '' }, 'name'],
    [{ name: 'a\nb' }, 'name'],
    [{ name: 'x'.repeat(256) }, 'name'],
    [{ active: null }, 'active'],
    [{ created: '2026-01-01T00:00:00Z' }, 'created'],
    [{ last_updated: '2026-01-01T00:00:00Z' }, 'last_updated'],
    [{ id: 'x' }, 'id'],
    [{ admin_scopes: ['idporten:all'] }, 'admin_scopes.0'],
    [{ admin_scopes: ['prove:bygg.read'] }, 'admin_scopes.0'],
  ] as const)
    refusedByApi(t, await operator.post('/operator/organizations', { ...NEW, ...change }), 'PV-601', field);
  refusedByApi(t, await operator.post('/operator/organizations', '{"orgno":"310555061","__proto__":{}}'), 'PV-602');
  refusedByApi(t, await operator.post('/operator/organizations', '{"orgno":"310555061","orgno":"310555061"}'), 'PV-602');
  refusedByApi(t, await operator.get('/operator/organizations?unknown=1'), 'PV-601', 'unknown');
  t.equal(await server.storage.organizations.find(NEW.orgno), undefined);
});

t.test('the operator scope is given to nobody else, and the operator cannot lock itself out (own API)', async (t) => {
  const { as, server } = await startApi(t);
  const operator = await as('operator', OPERATOR);
  refusedByApi(t, await operator.post('/operator/organizations', { ...NEW, admin_scopes: OPERATOR }), 'PV-601', 'admin_scopes');
  const theirs = await read(operator, consumer);
  refusedByApi(t, await operator.put(consumer, { name: 'x', admin_scopes: OPERATOR }, theirs.tag), 'PV-601', 'admin_scopes');
  const { tag } = await read(operator, self);
  refusedByApi(t, await operator.put(self, { name: 'x', active: false, admin_scopes: OPERATOR }, tag), 'PV-609', 'active');
  refusedByApi(t, await operator.put(self, { name: 'x', admin_scopes: [] }, tag), 'PV-609', 'admin_scopes');
  t.equal((await operator.put(self, { name: 'Ny drift', admin_scopes: OPERATOR }, tag)).status, 200);
  const client = `/operator/clients/${adminOf('operator')}`;
  const blocking = await operator.put(client, { blocked: true, reason: 'x' }, (await read(operator, client)).tag);
  refusedByApi(t, blocking, 'PV-609', 'client_id');
  t.equal((await server.storage.organizations.find('310555010'))?.active, true);
});

t.test(
  'MP-100 at the next token request when an organisation is inactive, 401 at its next call, and its access rests',
  async (t) => {
    const { as, server } = await startApi(t);
    const operator = await as('operator', OPERATOR);
    const theirs = await as('consumer', ['idporten:dcr.read']);
    t.equal((await theirs.get('/clients')).status, 200);
    const { body, tag } = await read(operator, consumer);
    const settings = { name: body.name, admin_scopes: body.admin_scopes };
    const off = await operator.put(consumer, { ...settings, active: false }, tag);
    t.match((await server.ask(await server.assertion('demo-consumer', { scope: 'prove:bygg.read' }))).body.error_uri, /MP-100$/);
    const refused = await theirs.get('/clients');
    t.equal(refused.status, 401);
    refusedByApi(t, refused, 'PV-640');
    await operator.put(consumer, settings, { 'If-Match': off.headers.get('etag') ?? '' });
    t.equal((await server.ask(await server.assertion('demo-consumer', { scope: 'prove:bygg.read' }))).status, 200);
    t.equal((await theirs.get('/clients')).status, 200);
  },
);

t.test('401 at the next call when an admin scope is taken from the organisation, and no new token (PV-SEC-090)', async (t) => {
  const { as, server } = await startApi(t);
  const operator = await as('operator', OPERATOR);
  const theirs = await as('consumer', ['idporten:dcr.read']);
  const { body, tag } = await read(operator, consumer);
  const left = (body.admin_scopes as string[]).filter((scope) => scope !== 'idporten:dcr.read');
  await operator.put(consumer, { name: body.name, admin_scopes: left }, tag);
  refusedByApi(t, await theirs.get('/clients'), 'PV-640');
  await t.rejects(as('consumer', ['idporten:dcr.read']), /MP-250/);
  t.equal(
    (await server.storage.clients.find(adminOf('consumer')))?.scopes.includes('idporten:dcr.read'),
    true,
    'it stays on the client',
  );
});

t.test("an organisation's first admin client comes from the operator, and gets a token (own API)", async (t) => {
  const { as, server } = await startApi(t);
  const operator = await as('operator', OPERATOR);
  await operator.post('/operator/organizations', { ...NEW, admin_scopes: ['idporten:scopes.read', 'idporten:dcr.write'] });
  const { publicKey, privateKey } = await makeKeyPair();
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'a', use: 'sig', alg: 'RS256' };
  const wish = { client_name: 'Admin', description: 'admin', scopes: ['idporten:scopes.read'], jwks: { keys: [jwk] } };
  const clients = `/operator/organizations/${NEW.orgno}/clients`;
  const made = await operator.post(clients, wish);
  t.match(made.body, {
    client_orgno: NEW.orgno,
    scopes: ['idporten:scopes.read'],
    blocked: false,
    jwks: { keys: [{ kid: 'a' }] },
  });
  t.match(made.body.client_id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  t.match((await server.storage.audit.list(1))[0], { type: 'client.created', orgno: '310555010', clientId: adminOf('operator') });
  const assertion = await makeAssertion({
    ...{ clientId: `${made.body.client_id}`, audience: server.issuer, key: privateKey, kid: 'a', now: server.clock.time },
    scope: 'idporten:scopes.read',
  });
  t.equal((await server.ask(assertion)).status, 200);
  t.equal(items(await operator.get(clients)).length, 1);
  t.match((await operator.post(clients, { ...wish, jwks: undefined })).body, { blocked: false }, 'or it uses its certificate');
  for (const [change, field] of [
    [{ scopes: ['idporten:dcr.read'] }, 'scopes.0'],
    [{ scopes: ['prove:kart.read'] }, 'scopes.0'],
    [{ scopes: ['portvakt:operator'] }, 'scopes.0'],
    [{ jwks: { keys: [] } }, 'jwks.keys'],
    [{ jwks: { keys: [{ ...jwk, d: 'x' }] } }, 'jwks.keys.0.d'],
    [{ jwks: { keys: [{ ...jwk, e: 'AQ' }] } }, 'jwks.keys.0.e'],
    [{ jwks: { keys: [jwk, jwk] } }, 'keys'],
    [{ client_orgno: '310555029' }, 'client_orgno'],
    [{ supplier_orgno: '310555029' }, 'supplier_orgno'],
    [{ created: 'x' }, 'created'],
    [{ blocked: false }, 'blocked'],
    [{ client_name: undefined }, 'client_name'],
  ] as const)
    refusedByApi(t, await operator.post(clients, { ...wish, ...change }), 'PV-601', field);
  t.equal((await operator.post('/operator/organizations/310555088/clients', wish)).status, 404);
});

t.test('a blocked client behaves as not existing at once, and its organisation cannot lift it (own API)', async (t) => {
  const { as, server } = await startApi(t);
  const operator = await as('operator', OPERATOR);
  const theirs = await as('consumer', ['idporten:dcr.write', 'idporten:dcr.read']);
  const { clientId } = server.client('demo-consumer');
  const path = `/operator/clients/${clientId}`;
  const ask = async () => server.ask(await server.assertion('demo-consumer', { scope: 'prove:bygg.read' }));
  t.equal((await ask()).status, 200);
  refusedByApi(t, await operator.put(path, { blocked: true }, (await read(operator, path)).tag), 'PV-601', 'reason');
  const blocked = await operator.put(path, { blocked: true, reason: 'Nøkkel på avveie' }, (await read(operator, path)).tag);
  t.match(blocked.body, { client_id: clientId, blocked: true, reason: 'Nøkkel på avveie' });
  t.match((await ask()).body.error_uri, /MP-100$/);
  const gone = await theirs.get(`/clients/${clientId}`);
  t.strictSame(sameEachTime(gone), sameEachTime(await theirs.get('/clients/finnes-ikke')));
  t.equal((await theirs.put(`/clients/${clientId}`, { client_name: 'x', description: 'x' })).status, 404);
  t.match((await server.storage.audit.list(1))[0], {
    details: { subject: `client/${clientId}`, after: { blocked: 'Nøkkel på avveie' } },
  });
  const open = await operator.put(path, { blocked: false }, (await read(operator, path)).tag);
  t.notOk('reason' in open.body);
  t.equal((await ask()).status, 200);
  t.equal((await operator.get('/operator/clients/finnes-ikke')).status, 404);
});

t.test('a blocked admin client is answered 401 at its next call', async (t) => {
  const { as } = await startApi(t);
  const operator = await as('operator', OPERATOR);
  const theirs = await as('consumer', ['idporten:dcr.read']);
  const path = `/operator/clients/${adminOf('consumer')}`;
  await operator.put(path, { blocked: true, reason: 'x' }, (await read(operator, path)).tag);
  refusedByApi(t, await theirs.get('/clients'), 'PV-640');
});

t.test('PV-SEC-086 a prefix is given once; look-alikes, reserved and foreign letters are refused', async (t) => {
  const { as, server } = await startApi(t);
  const operator = await as('operator', OPERATOR);
  const give = (prefix: unknown, owner_orgno: unknown = '310555029') =>
    operator.post('/operator/prefixes', { prefix, owner_orgno });
  t.match((await give('vei')).body, { prefix: 'vei', owner_orgno: '310555029', organization_name: 'Prøveetaten', active: true });
  for (const prefix of ['prove', 'prove-', 'prove_', '-prove', 'pro-ve', 'prove--', 'vei_']) {
    const answer = await give(prefix);
    t.equal(answer.status, 409, prefix);
    refusedByApi(t, answer, 'PV-609', 'prefix');
  }
  for (const prefix of ['Prove', 'PROVE', 'prоve', 'prove ', 'prøve', 'prove.', 'p', '', 'prove:x', 'x'.repeat(256), 5, 'pro​ve'])
    refusedByApi(t, await give(prefix), 'PV-601', 'prefix');
  for (const prefix of ['idporten', 'portvakt', 'altinn', 'id-porten', 'altinn_'])
    refusedByApi(t, await give(prefix), 'PV-601', 'prefix');
  refusedByApi(t, await give('kart', '310555088'), 'PV-601', 'owner_orgno');
  refusedByApi(t, await give('kart', '310555030'), 'PV-601', 'owner_orgno');
  t.match((await give('310555029')).body, { prefix: '310555029' }, 'it may be an organisation number');
  t.same(
    (await server.storage.prefixes.list()).map(({ prefix }) => prefix),
    ['310555029', 'prove', 'vei'],
  );
});

t.test('PV-SEC-086 of ten who give look-alikes of one prefix at once, one succeeds', async (t) => {
  const { as } = await startApi(t);
  const operator = await as('operator', OPERATOR);
  const names = ['vei', 'vei-', 'vei_', '-vei', 'v-ei', 've-i', '_vei', 'v_ei', 've_i', 'vei--'];
  const answers = await Promise.all(
    names.map((prefix) => operator.post('/operator/prefixes', { prefix, owner_orgno: '310555029' })),
  );
  t.same(answers.map(({ status }) => status).sort(), [200, ...Array(9).fill(409)]);
});

t.test('a prefix is released without active scopes alone, and given again in a step of its own (own API)', async (t) => {
  const { as, server } = await startApi(t);
  const operator = await as('operator', OPERATOR);
  const owner = await as('owner', ['idporten:scopes.write']);
  const path = '/operator/prefixes/prove';
  refusedByApi(t, await operator.delete(path), 'PV-628');
  refusedByApi(t, await operator.delete(path, (await read(operator, path)).tag), 'PV-609', 'prefix');
  for (const scope of ['kart.read', 'bygg.read', 'innbygger.read']) await owner.delete(`/scopes?scope=prove:${scope}`);
  const released = await operator.delete(path, (await read(operator, path)).tag);
  t.match(released.body, { prefix: 'prove', owner_orgno: '310555029', active: false });
  t.strictSame((await operator.delete(path, (await read(operator, path)).tag)).body, released.body, 'again, nothing changes');
  t.same(items(await owner.get('/prefix')), []);
  t.same(items(await owner.get('/prefix/all')), []);
  t.equal(items(await owner.get('/prefix/all?inactive=true')).length, 1);
  const given = await operator.post('/operator/prefixes', { prefix: 'prove', owner_orgno: '310555037' });
  t.match(given.body, { owner_orgno: '310555037', active: true });
  t.match((await server.storage.audit.list(1))[0], {
    type: 'prefix.assigned',
    details: { before: { owner_orgno: '310555029', active: false }, after: { owner_orgno: '310555037' } },
  });
  refusedByApi(t, await owner.put('/scopes?scope=prove:kart.read', { description: 'x' }), 'PV-643', 'prefix');
});

t.test('signing keys are shown by name, without anything private (own API)', async (t) => {
  const { as, server } = await startApi(t);
  const operator = await as('operator', OPERATOR);
  const keys = items(await operator.get('/operator/signing-keys'));
  const { body } = await server.get('/jwk');
  t.match(keys, [{ alg: 'RS256', state: 'active', kid: (body.keys as { kid: string }[])[0]?.kid }]);
});

t.test("every operator address is the operator scope's alone (PV-SEC-082)", async (t: Test) => {
  const { as } = await startApi(t);
  const owner = await as('owner', ['idporten:scopes.write', 'idporten:dcr.write']);
  for (const path of ['organizations', 'organizations/310555037', 'prefixes', 'trust', 'signing-keys', 'clients/x'])
    refusedByApi(t, await owner.get(`/operator/${path}`), 'PV-641');
});
