import t from 'tap';
import { JWT_BEARER } from '../../server/core/token-request.ts';
import { START } from '../token/server.ts';
import { adminOf, items, refusedByApi, sameEachTime, startApi } from './api.ts';

const api = await startApi(t);
const { server } = api;
const consumer = await api.as('consumer', ['idporten:dcr.read', 'idporten:dcr.write']);
const CLOSED = 'prove:bygg.read';
const OPEN = 'prove:kart.read';
const MINIMAL = { client_name: 'bygg-uttrekk', description: 'prod:bygg:uttrekk' };
const ALL = {
  ...MINIMAL,
  active: true,
  integration_type: 'maskinporten',
  application_type: 'native',
  scopes: [CLOSED, OPEN],
  grant_types: [JWT_BEARER, 'refresh_token'],
  token_endpoint_auth_method: 'client_secret_basic',
  access_token_lifetime: 3600,
  refresh_token_lifetime: 1,
  refresh_token_usage: 'REUSE',
  authorization_lifetime: 2,
  logo_uri: 'https://example.no/logo',
  client_uri: 'https://example.no/',
  redirect_uris: ['https://example.no/a'],
  post_logout_redirect_uris: ['https://example.no/b'],
  frontchannel_logout_uri: 'https://example.no/c',
  frontchannel_logout_session_required: true,
  sso_disabled: true,
  code_challenge_method: 'none',
};

/** Registers a client of the consumer's. */
async function register(wish: object = MINIMAL): Promise<string> {
  const { body } = await consumer.post('/clients', wish);
  return body.client_id as string;
}

t.test('contract §5.2 a client is registered with 200, a lower-case UUID and the defaults of every member', async (t) => {
  const { body, status } = await consumer.post('/clients', MINIMAL);
  t.equal(status, 200);
  const { client_id: id, ...rest } = body;
  t.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  t.same(rest, {
    ...MINIMAL,
    client_orgno: '310555037',
    active: true,
    created: '2026-01-01T00:00:00.000Z',
    last_updated: '2026-01-01T00:00:00.000Z',
    integration_type: 'maskinporten',
    scopes: [],
    access_token_lifetime: 120,
    application_type: 'web',
    grant_types: [JWT_BEARER],
    token_endpoint_auth_method: 'private_key_jwt',
    refresh_token_lifetime: 600,
    refresh_token_usage: 'ONETIME',
    authorization_lifetime: 7200,
    redirect_uris: [],
    post_logout_redirect_uris: [],
    frontchannel_logout_session_required: false,
    sso_disabled: false,
    code_challenge_method: 'S256',
  });
  t.same((await consumer.get(`/clients/${id}`)).body, body, 'and read as it was answered');
});

t.test('contract §5.2.2 every member that a caller may set is kept, those that mean nothing here too', async (t) => {
  const id = await register({ ...ALL, client_id: 'alt.satt_1' });
  t.equal(id, 'alt.satt_1');
  t.match((await consumer.get(`/clients/${id}`)).body, ALL);
});

t.test('contract §5.2.2 the short form of the grant type is taken for the grant type', async (t) => {
  const { body } = await consumer.post('/clients', { ...MINIMAL, grant_types: ['jwt_bearer_token'] });
  t.same(body.grant_types, [JWT_BEARER]);
});

t.test('contract §5.1 null means absent, and members that are not the contract’s are neither refused nor kept', async (t) => {
  const absent = Object.fromEntries(
    Object.entries(ALL).map(([name, value]) => [name, typeof value === 'string' || Array.isArray(value) ? null : value]),
  );
  const { body, text, status } = await consumer.post('/clients', {
    ...absent,
    ...MINIMAL,
    client_id: null,
    client_orgno: null,
    supplier_orgno: null,
    orgno: '310555029',
    unknown: { a: 1 },
  });
  t.equal(status, 200, text);
  t.match(body, { client_orgno: '310555037', scopes: [], redirect_uris: [], application_type: 'web', sso_disabled: true });
  t.notMatch(text, /unknown|null|logo_uri/);
});

t.test('T34 a whole answer sent back changes nothing, whatever stands in the members that are answered only', async (t) => {
  for (const wish of [MINIMAL, ALL]) {
    const id = await register(wish);
    const { body: before } = await consumer.get(`/clients/${id}`);
    const kept = await server.storage.clients.find(id);
    const { body, status } = await consumer.put(`/clients/${id}`, {
      ...before,
      created: 7,
      last_updated: null,
      jwks: { keys: [{ kty: 'RSA', d: 'c2VjcmV0' }] },
      jwks_uri: 'https://elsewhere.example.no',
      client_secret: 'c2VjcmV0',
      onbehalfof: 'x',
    });
    t.equal(status, 200);
    t.same(body, before);
    t.same(await server.storage.clients.find(id), kept, 'a life of tokens that was never set is still not set');
  }
});

t.test('contract §9 no. 25 PUT replaces: what it leaves out gets its default, and keys and times of creation stay', async (t) => {
  const id = await register(ALL);
  server.clock.time = START + 60;
  const { body } = await consumer.put(`/clients/${id}`, { client_name: 'nytt navn', description: 'ny' });
  server.clock.time = START;
  t.match(body, {
    client_id: id,
    client_name: 'nytt navn',
    description: 'ny',
    scopes: [],
    redirect_uris: [],
    sso_disabled: false,
    access_token_lifetime: 120,
    created: '2026-01-01T00:00:00.000Z',
    last_updated: '2026-01-01T00:01:00.000Z',
  });
  t.notOk('logo_uri' in body);
});

t.test('contract §5.2.2 whose a client is, its id and its integration type cannot be changed', async (t) => {
  const id = await register();
  const changes = {
    client_id: 'another',
    client_orgno: '310555045',
    supplier_orgno: '310555045',
    integration_type: 'idporten',
  };
  for (const [field, value] of Object.entries(changes)) {
    const { body: before } = await consumer.get(`/clients/${id}`);
    refusedByApi(t, await consumer.put(`/clients/${id}`, { ...MINIMAL, client_name: 'x', [field]: value }), 'PV-601', field);
    t.same((await consumer.get(`/clients/${id}`)).body, before, 'nothing is stored');
  }
  const same = { ...MINIMAL, client_id: id, client_orgno: '310555037', integration_type: 'maskinporten' };
  t.equal((await consumer.put(`/clients/${id}`, same)).status, 200, 'naming what stands is no change');
});

t.test('T26 and contract §5.8 a client is made inactive, hidden, not made again, and revived by PUT', async (t) => {
  const id = await register({ ...MINIMAL, client_id: 'sovende' });
  const listed = async (query = '') => items(await consumer.get(`/clients${query}`)).some(({ client_id }) => client_id === id);
  t.ok(await listed());
  t.equal((await consumer.delete(`/clients/${id}`)).text, '');
  t.notOk(await listed());
  t.notOk(await listed('?inactive=false'));
  t.ok(await listed('?inactive=true'), 'inactive ones too');
  t.ok(items(await consumer.get('/clients?inactive=true')).some(({ active }) => active));
  t.equal((await consumer.get(`/clients/${id}`)).body.active, false);
  const count = (await server.storage.audit.list(1000)).length;
  t.equal((await consumer.delete(`/clients/${id}`)).status, 200, 'a second time changes nothing');
  t.equal((await server.storage.audit.list(1000)).length, count, 'and is no change to record');
  refusedByApi(t, await consumer.post('/clients', { ...MINIMAL, client_id: id }), 'PV-609', 'client_id');
  t.equal((await consumer.put(`/clients/${id}`, MINIMAL)).body.active, true, 'PUT without active revives');
  t.equal((await consumer.put(`/clients/${id}`, { ...MINIMAL, active: false })).body.active, false, 'and may say otherwise');
});

t.test('contract §5.2.1 an id that anybody has taken is refused with 409', async (t) => {
  for (const taken of ['sovende', adminOf('owner')]) {
    const answer = await consumer.post('/clients', { ...MINIMAL, client_id: taken });
    refusedByApi(t, answer, 'PV-609', 'client_id');
    t.equal(answer.status, 409);
  }
});

t.test(
  'contract §5.2.1 a secret is made for nobody: neither for a client with keys, nor where secrets were to be used',
  async (t) => {
    for (const token_endpoint_auth_method of ['private_key_jwt', 'client_secret_basic']) {
      const id = await register({ ...MINIMAL, token_endpoint_auth_method });
      refusedByApi(t, await consumer.post(`/clients/${id}/secret`), 'PV-601', 'token_endpoint_auth_method');
    }
  },
);

t.test(
  'PV-SEC-092 every change of a client is recorded with who, when, before and after, under the id of the answer',
  async (t) => {
    const latest = async () => (await server.storage.audit.list(1))[0];
    const made = await consumer.post('/clients', { ...MINIMAL, scopes: [OPEN] });
    const id = made.body.client_id as string;
    const after = { ...MINIMAL, client_id: id, scopes: [OPEN], active: true, keys: [] };
    const who = { clientId: adminOf('consumer'), orgno: '310555037', at: START };
    const subject = `client/${id}`;
    t.match(await latest(), { ...who, type: 'client.created', correlationId: made.headers.get('x-correlation-id') });
    t.match((await latest())?.details, { subject, after });
    const changed = await consumer.put(`/clients/${id}`, { ...MINIMAL, client_name: 'ny' });
    t.match(await latest(), { ...who, type: 'client.changed', correlationId: changed.headers.get('x-correlation-id') });
    t.match((await latest())?.details, { subject, before: after, after: { client_name: 'ny', scopes: [] } });
    await consumer.delete(`/clients/${id}`);
    t.match((await latest())?.details, { subject, before: { active: true }, after: { active: false } });
  },
);

t.test('own-api ?dry_run=true judges a change and stores neither it nor a record', async (t) => {
  const records = (await server.storage.audit.list(1000)).length;
  const { body, status } = await consumer.post('/clients?dry_run=true', { ...MINIMAL, client_id: 'aldri' });
  t.equal(status, 200);
  t.equal(body.client_id, 'aldri');
  t.equal((await consumer.get('/clients/aldri')).status, 404);
  refusedByApi(t, await consumer.post('/clients?dry_run=true', { ...MINIMAL, scopes: ['prove:finnes.ikke'] }), 'PV-601');
  const id = await register();
  await consumer.delete(`/clients/${id}?dry_run=true`);
  t.equal((await consumer.get(`/clients/${id}`)).body.active, true);
  t.equal((await server.storage.audit.list(1000)).length, records + 1);
});

t.test('T30 and PV-SEC-083 another organisation’s client answers as a missing one, for every method', async (t) => {
  const owner = await api.as('owner', [
    'idporten:dcr.read',
    'idporten:dcr.write',
    'idporten:dcr.modify',
    'idporten:dcr.supplier',
  ]);
  const calls: readonly [method: string, path: string, body?: object][] = [
    ['GET', ''],
    ['PUT', '', MINIMAL],
    ['DELETE', ''],
    ['POST', '/secret'],
    ['GET', '/jwks'],
    ['DELETE', '/jwks'],
    ['GET', '/jwks/demo-consumer-1'],
    ['DELETE', '/jwks/demo-consumer-1'],
    ['GET', '/onbehalfof'],
    ['POST', '/onbehalfof', { onbehalfof: 'a', name: 'a', orgno: '310555053' }],
    ['GET', '/onbehalfof/a'],
    ['PUT', '/onbehalfof/a', { name: 'a', orgno: '310555053' }],
    ['DELETE', '/onbehalfof/a'],
  ];
  const before = await server.storage.clients.list();
  for (const [method, path, body] of calls) {
    const foreign = await owner.send(method, `/clients/${server.client('demo-consumer').clientId}${path}`, { body });
    const missing = await owner.send(method, `/clients/7f3b0c7e-3b1d-4d7a-9f0e-5a2c1d9e8b44${path}`, { body });
    refusedByApi(t, foreign, 'PV-604');
    t.same(sameEachTime(foreign), sameEachTime(missing), `${method} ${path}`);
  }
  t.same(await server.storage.clients.list(), before);
});

t.test('own-api a client that the operator has blocked behaves as not existing, and is not revived', async (t) => {
  const id = await register();
  const client = await server.storage.clients.find(id);
  if (!client) throw new Error('the client is stored');
  await server.storage.transaction((changes) => changes.clients.put({ ...client, blocked: 'misbruk' }));
  t.equal((await consumer.get(`/clients/${id}`)).status, 404);
  t.equal((await consumer.put(`/clients/${id}`, MINIMAL)).status, 404);
  t.notOk(items(await consumer.get('/clients?inactive=true')).some(({ client_id }) => client_id === id));
  t.equal((await server.storage.clients.find(id))?.blocked, 'misbruk');
});
