import { randomBytes } from 'node:crypto';
import t from 'tap';
import { makeAssertion } from '../../fixtures/assertion.ts';
import { makeKeyPair } from '../../fixtures/test-ca.ts';
import { DAY, YEAR } from '../../server/core/time.ts';
import { JWT_BEARER } from '../../server/core/token-request.ts';
import { START } from '../token/server.ts';
import { items, startApi } from './api.ts';

// The calls of platform operators that manage clients of many teams, as they send them: contract §5.9 no. 2 to 7, and §5.1, §5.3.

const api = await startApi(t);
const { server } = api;
const { publicKey, privateKey } = await makeKeyPair();
const JSON_TYPE = { 'Content-Type': 'application/json' };
const PLATFORM = ['idporten:dcr.write', 'idporten:dcr.read'] as const;

/** A client as a Kubernetes operator in Go sends it: lists that are nil, and everything it knows. */
const REGISTRATION = {
  access_token_lifetime: 3600,
  application_type: 'web',
  authorization_lifetime: 0,
  client_name: 'ARBEIDS- OG VELFERDSETATEN',
  client_uri: 'https://example.no',
  description: 'prod:bygg:uttrekk',
  frontchannel_logout_session_required: false,
  grant_types: [JWT_BEARER],
  integration_type: 'maskinporten',
  post_logout_redirect_uris: null,
  redirect_uris: null,
  refresh_token_lifetime: 0,
  refresh_token_usage: 'ONETIME',
  scopes: ['prove:bygg.read'],
  token_endpoint_auth_method: 'private_key_jwt',
};

/** A key as a JOSE library in Go writes it. */
const key = (kid: string) => ({ use: 'sig', ...publicKey.export({ format: 'jwk' }), kid, alg: 'RS256' });

for (const base of ['/api/v1', '']) {
  t.test(`T32 contract §5.9 no. 2 to 7: a client's life as digdirator leads it, under ${base || 'the root'}`, async (t) => {
    const digdirator = await api.as('consumer', PLATFORM, base);
    const registration = { ...REGISTRATION, description: `prod:bygg:uttrekk${base}` };
    const mine = async (): Promise<Record<string, unknown> | undefined> =>
      items(await digdirator.get('/clients', JSON_TYPE)).find(
        ({ description, integration_type }) => description === registration.description && integration_type === 'maskinporten',
      );

    t.equal(await mine(), undefined, 'no. 2: it looks for its client by description and type');
    const made = await digdirator.post('/clients', registration);
    t.equal(made.status, 200, 'no. 3');
    const path = `/clients/${made.body.client_id}`;
    t.match(await mine(), { client_id: made.body.client_id });

    t.same((await digdirator.get(`${path}/jwks`, JSON_TYPE)).body, { keys: [] }, 'no. 6, before there are keys');
    const posted = await digdirator.post(`${path}/jwks`, { keys: [key('a'), key('b')] });
    t.equal(posted.status, 200, 'no. 5');
    t.match(posted.body, { keys: [{ kid: 'a', exp: START + YEAR }, { kid: 'b' }], created: /Z$/, last_updated: /Z$/ });
    t.same((await digdirator.get(`${path}/jwks`, JSON_TYPE)).body, posted.body, 'no. 6');

    const changed = await digdirator.put(path, { ...registration, client_id: made.body.client_id, scopes: ['prove:kart.read'] });
    t.equal(changed.status, 200, 'no. 4');
    t.match(changed.body, { scopes: ['prove:kart.read'], access_token_lifetime: 3600, client_uri: 'https://example.no' });
    const again = await digdirator.put(path, { ...registration, client_id: made.body.client_id, scopes: ['prove:kart.read'] });
    t.equal(again.status, 200, 'no. 15: it repeats what it is not sure of');

    const now = Math.floor(server.clock.now());
    const grant = { clientId: String(made.body.client_id), audience: server.issuer, scope: 'prove:kart.read', key: privateKey };
    const assertion = await makeAssertion({
      ...{ ...grant, kid: 'a', now, lifetime: 120 },
      claims: { aud: [server.issuer], nbf: now },
      header: { typ: 'JWT' },
    });
    t.equal((await server.ask(assertion)).status, 200, 'no. 1: and its workload gets a token');

    t.equal((await digdirator.delete(path, JSON_TYPE)).status, 200, 'no. 7, with a JSON type and no body');
    t.equal((await digdirator.delete(path, JSON_TYPE)).status, 200, 'and once more');
    t.equal(await mine(), undefined);
  });
}

t.test('contract §5.2.4 every member is of the type that a client in Go decodes it into', async (t) => {
  const digdirator = await api.as('consumer', PLATFORM);
  for (const client of items(await digdirator.get('/clients?inactive=true'))) {
    for (const name of ['access_token_lifetime', 'authorization_lifetime', 'refresh_token_lifetime'])
      t.ok(Number.isInteger(client[name] ?? 0), name);
    for (const name of ['grant_types', 'scopes', 'redirect_uris', 'post_logout_redirect_uris'])
      t.ok(Array.isArray(client[name] ?? []), name);
    for (const name of ['frontchannel_logout_session_required', 'sso_disabled'])
      t.equal(typeof (client[name] ?? true), 'boolean', name);
  }
});

t.test(
  'a client is led as okdata does it: trailing slashes, a JSON type on everything, keys posted back with their ends',
  async (t) => {
    const okdata = await api.as('consumer', PLATFORM, '');
    const made = await okdata.post('/clients/', {
      client_name: 'okdata-bygg',
      description: 'Uttrekk',
      scopes: ['prove:bygg.read'],
      token_endpoint_auth_method: 'private_key_jwt',
      grant_types: [JWT_BEARER],
      integration_type: 'maskinporten',
      application_type: 'web',
    });
    t.match(made.body.client_id, /^[0-9a-f-]+$/, 'it handles no other ids');
    const path = `/clients/${made.body.client_id}`;
    t.equal((await okdata.get(`${path}/`, JSON_TYPE)).status, 200);
    t.ok(items(await okdata.get('/clients/', JSON_TYPE)).length > 0);

    const before = await okdata.get(`${path}/jwks`, JSON_TYPE);
    t.same(before.body.keys, []);
    await okdata.post(`${path}/jwks`, { keys: [{ ...key('first'), exp: START - DAY }] });
    const { body } = await okdata.get(`${path}/jwks`, JSON_TYPE);
    const second = { ...key('second'), exp: START + 90 * DAY };
    const both = await okdata.post(`${path}/jwks`, { keys: [...(body.keys as object[]), second] });
    t.match(both.body.keys, [
      { kid: 'first', exp: START - DAY },
      { kid: 'second', exp: START + 90 * DAY },
    ]);
    t.equal((await okdata.post(`${path}/jwks`, { keys: [second] })).status, 200, 'one is left out to remove it');
    t.equal((await okdata.delete(`${path}/jwks`, JSON_TYPE)).status, 200, 'the last one goes with the set');

    for (const refusal of [
      await okdata.post(`${path}/jwks`, { keys: [] }),
      await okdata.post('/clients/', { client_name: 'x' }),
      await okdata.post('/clients/', { client_name: 'x', description: 'x', scopes: ['prove:finnes.ikke'] }),
    ]) {
      const { errors } = refusal.body as { errors: { errorMessage: string }[] };
      t.ok(refusal.status === 400 && errors.every(({ errorMessage }) => errorMessage.length > 10), 'it shows every errorMessage');
    }
    t.equal((await okdata.get(`/clients/${randomBytes(8).toString('hex')}`, JSON_TYPE)).status, 404);
  },
);

t.test('contract §5.2.3 Digdir’s web pages change a client by sending back all that they read', async (t) => {
  const page = await api.as('consumer', PLATFORM);
  const { clientId } = server.client('demo-consumer');
  const { body } = await page.get(`/clients/${clientId}`);
  const keys = (await server.storage.clients.find(clientId))?.keys;
  const changed = await page.put(`/clients/${clientId}`, { ...body, description: 'endret' });
  t.same(changed.body, { ...body, description: 'endret' });
  t.same((await server.storage.clients.find(clientId))?.keys, keys);
});
