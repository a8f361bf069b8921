import t from 'tap';
import { makeAssertion } from '../../fixtures/assertion.ts';
import { makeKeyPair } from '../../fixtures/test-ca.ts';
import { adminOf, items, refusedByApi, sameEachTime, startApi } from './api.ts';

const CUSTOMER = '310555053';
const SUPPLIER = '310555045';
const CLOSED = 'prove:bygg.read';
const OPEN = 'prove:kart.read';
const CLIENT = { client_name: 'for kunden', description: 'a', client_orgno: CUSTOMER };
const SUPPLIER_SCOPES = ['idporten:dcr.supplier', 'idporten:dcr.write'] as const;

const api = await startApi(t);
const { server } = api;
const supplier = await api.as('supplier', SUPPLIER_SCOPES);
const customer = await api.as('customer', ['idporten:dcr.read', 'idporten:dcr.write', 'idporten:dcr.modify']);

/** Registers a client of the customer's, by the supplier. */
async function register(wish: object = {}): Promise<string> {
  const { body } = await supplier.post('/clients', { ...CLIENT, ...wish });
  return body.client_id as string;
}

t.test('contract §5.6 a supplier makes a client for a customer, and is named on it by itself', async (t) => {
  for (const wish of [{}, { supplier_orgno: SUPPLIER }]) {
    const { body } = await supplier.post('/clients', { ...CLIENT, ...wish, scopes: [OPEN] });
    t.match(body, { client_orgno: CUSTOMER, supplier_orgno: SUPPLIER, scopes: [OPEN] });
  }
});

t.test('contract §5.2.2 a client of another organisation takes idporten:dcr.supplier: 403, and nothing is stored', async (t) => {
  const without = await api.as('supplier', ['idporten:dcr.write']);
  const count = (await server.storage.clients.list()).length;
  const answer = await without.post('/clients', CLIENT);
  refusedByApi(t, answer, 'PV-643');
  t.equal(answer.status, 403);
  const unknown = await without.post('/clients', { ...CLIENT, client_orgno: '974760673' });
  t.same(sameEachTime(unknown), sameEachTime(answer), 'and says nothing of whether the organisation is known');
  refusedByApi(t, await supplier.post('/clients', { ...CLIENT, supplier_orgno: '310555029' }), 'PV-643');
  t.equal((await server.storage.clients.list()).length, count);
});

t.test('contract §5.1.2 idporten:dcr.supplier alone is for the clients of others', async (t) => {
  const alone = await api.as('supplier', ['idporten:dcr.supplier']);
  const { body } = await alone.post('/clients', CLIENT);
  t.match(body, { client_orgno: CUSTOMER });
  t.equal((await alone.put(`/clients/${body.client_id}`, CLIENT)).status, 200);
  t.equal((await alone.delete(`/clients/${body.client_id}`)).status, 200);
  const own = { client_name: 'egen', description: 'a' };
  refusedByApi(t, await alone.post('/clients', own), 'PV-641');
  const made = await supplier.post('/clients', own);
  refusedByApi(t, await alone.put(`/clients/${made.body.client_id}`, own), 'PV-641');
  refusedByApi(t, await alone.delete(`/clients/${made.body.client_id}`), 'PV-641');
});

t.test('supplier_orgno on one’s own client, an organisation that is not registered, a bad number: 400', async (t) => {
  const own = { ...CLIENT, client_orgno: SUPPLIER };
  refusedByApi(t, await supplier.post('/clients', { ...own, supplier_orgno: SUPPLIER }), 'PV-601', 'supplier_orgno');
  refusedByApi(t, await supplier.post('/clients', { ...CLIENT, client_orgno: '974760673' }), 'PV-601', 'client_orgno');
  for (const orgno of ['310555038', '0192:310555053', '31055505', ' 310555053', '３１０５５５０５３', '']) {
    refusedByApi(t, await supplier.post('/clients', { ...CLIENT, client_orgno: orgno }), 'PV-601', 'client_orgno');
  }
});

t.test('contract §5.6 a supplier sees, changes and deletes what it made; the customer sees it and changes nothing', async (t) => {
  const id = await register();
  for (const caller of [supplier, customer]) {
    t.ok(items(await caller.get('/clients')).some(({ client_id }) => client_id === id));
    t.equal((await caller.get(`/clients/${id}`)).status, 200);
    t.same((await caller.get(`/clients/${id}/jwks`)).body, { keys: [] });
  }
  const before = await server.storage.clients.find(id);
  const { publicKey } = await makeKeyPair();
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'k', use: 'sig', alg: 'RS256' };
  const refusals = [
    await customer.put(`/clients/${id}`, CLIENT),
    await customer.delete(`/clients/${id}`),
    await customer.post(`/clients/${id}/jwks`, { keys: [jwk] }),
    await customer.put(`/clients/${id}/jwks/k`, jwk),
    await customer.delete(`/clients/${id}/jwks`),
    await customer.post(`/clients/${id}/onbehalfof`, { onbehalfof: 'a', name: 'a', orgno: CUSTOMER }),
    await customer.post(`/clients/${id}/secret`),
  ];
  for (const answer of refusals) refusedByApi(t, answer, 'PV-643');
  t.same(await server.storage.clients.find(id), before);
  const { body } = await supplier.put(`/clients/${id}`, { client_name: 'nytt', description: 'a', scopes: [OPEN] });
  t.match(body, { client_name: 'nytt', client_orgno: CUSTOMER, supplier_orgno: SUPPLIER });
  t.equal((await supplier.post(`/clients/${id}/jwks`, { keys: [jwk] })).status, 200);
  t.equal((await supplier.delete(`/clients/${id}`)).status, 200);
  const owner = await api.as('owner', SUPPLIER_SCOPES);
  refusedByApi(t, await owner.get(`/clients/${id}`), 'PV-604');
  refusedByApi(t, await owner.put(`/clients/${id}`, CLIENT), 'PV-604');
});

t.test('contract §5.6 a scope on such a client takes access of the customer and of the supplier, delegable or not', async (t) => {
  refusedByApi(t, await supplier.post('/clients', { ...CLIENT, scopes: [CLOSED] }), 'PV-601', 'scopes.0');
  const scope = await server.storage.scopes.find(CLOSED);
  if (!scope) throw new Error('the scope is in the made-up world');
  const times = { created: 1, lastUpdated: 1 };
  await server.storage.transaction((changes) => changes.scopes.put({ ...scope, delegationSource: 'https://altinn.example.no/' }));
  refusedByApi(t, await supplier.post('/clients', { ...CLIENT, scopes: [CLOSED] }), 'PV-601', 'scopes.0');
  await server.storage.transaction((changes) =>
    changes.accesses.put({ scope: CLOSED, consumerOrgno: SUPPLIER, state: 'APPROVED', ...times }),
  );
  t.same((await supplier.post('/clients', { ...CLIENT, scopes: [CLOSED] })).body.scopes, [CLOSED]);
  const other = { ...CLIENT, client_orgno: '310555010', scopes: [CLOSED] };
  refusedByApi(t, await supplier.post('/clients', other), 'PV-601', 'scopes.0');
});

t.test('contract §5.6 admin scopes are never on a client that a supplier made', async (t) => {
  for (const scope of ['idporten:dcr.read', 'altinn:maskinporten/delegations']) {
    refusedByApi(t, await supplier.post('/clients', { ...CLIENT, scopes: [scope] }), 'PV-601', 'scopes.0');
  }
  t.ok((await server.storage.organizations.find(CUSTOMER))?.adminScopes.includes('idporten:dcr.read'));
});

t.test('contract §5.6 its token names the customer as consumer and the supplier as supplier', async (t) => {
  const { publicKey, privateKey } = await makeKeyPair();
  const id = await register({ scopes: [OPEN] });
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'k', use: 'sig', alg: 'RS256' };
  await supplier.put(`/clients/${id}/jwks/k`, jwk);
  const grant = { clientId: id, audience: server.issuer, scope: OPEN, key: privateKey, kid: 'k', now: server.clock.now() };
  const { body } = await server.ask(await makeAssertion(grant));
  const [, payload = ''] = String(body.access_token).split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
  t.match(claims, { consumer: { ID: `0192:${CUSTOMER}` }, supplier: { ID: `0192:${SUPPLIER}` } });
  refusedByApi(t, await api.bearing(String(body.access_token)).get('/clients'), 'PV-642');
});

t.test('PV-SEC-109 the record names the supplier as the one who acted', async (t) => {
  await register();
  const [record] = await server.storage.audit.list(1);
  t.match(record, { type: 'client.created', clientId: adminOf('supplier'), orgno: SUPPLIER });
  t.match(record?.details, { after: { client_orgno: CUSTOMER, supplier_orgno: SUPPLIER } });
});
