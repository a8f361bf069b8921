import t from 'tap';
import { makeAssertion } from '../../fixtures/assertion.ts';
import { makeKeyPair } from '../../fixtures/test-ca.ts';
import { DAY, YEAR } from '../../server/core/time.ts';
import { type Answer, refused, START } from '../token/server.ts';
import { adminOf, refusedByApi, startApi } from './api.ts';

const api = await startApi(t);
const { server } = api;
const { publicKey, privateKey } = await makeKeyPair();
const KEY = { ...publicKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256' };
const OPEN = 'prove:kart.read';
const CLIENT = { client_name: 'a', description: 'a', scopes: [OPEN] };
const ADMIN = ['idporten:dcr.read', 'idporten:dcr.write'] as const;

/** Registers a client with the keys named, as the consumer's administrator does. */
async function register(...kids: string[]) {
  const consumer = await api.as('consumer', ADMIN);
  const { body } = await consumer.post('/clients', CLIENT);
  const id = body.client_id as string;
  const path = `/clients/${id}`;
  if (kids.length > 0) await consumer.post(`${path}/jwks`, { keys: kids.map((kid) => ({ ...KEY, kid })) });
  return { consumer, id, path };
}

/** Asks for a token with the key of that name. */
async function ask(clientId: string, kid: string): Promise<Answer> {
  const now = Math.floor(server.clock.now());
  return server.ask(await makeAssertion({ clientId, audience: server.issuer, scope: OPEN, key: privateKey, kid, now }));
}

const UNKNOWN_KEY = { code: 'PV-125', status: 400, error: 'invalid_grant', phrase: 'Unknown key identifier (kid) for client.' };
const NO_CLIENT = { code: 'MP-100', status: 400, error: 'invalid_grant', phrase: 'Client not found' };

t.test('PV-SEC-073 a key signs from the answer that registered it, and nothing after the answer that removed it', async (t) => {
  const { consumer, id, path } = await register('a', 'b');
  t.equal((await ask(id, 'a')).status, 200);
  await consumer.delete(`${path}/jwks/a`);
  refused(t, await ask(id, 'a'), UNKNOWN_KEY);
  t.equal((await ask(id, 'b')).status, 200, 'the other still signs');
  await consumer.post(`${path}/jwks`, { keys: [{ ...KEY, kid: 'c' }] });
  refused(t, await ask(id, 'b'), UNKNOWN_KEY);
  await consumer.delete(`${path}/jwks`);
  refused(t, await ask(id, 'c'), UNKNOWN_KEY);
  await consumer.put(`${path}/jwks/a`, { ...KEY, kid: 'a' });
  t.equal((await ask(id, 'a')).status, 200);
});

t.test(
  'PV-SEC-073 a client that is made inactive gets MP-100 at the next request, and tokens again when it is revived',
  async (t) => {
    const { consumer, id, path } = await register('a');
    t.equal((await ask(id, 'a')).status, 200);
    await consumer.delete(path);
    refused(t, await ask(id, 'a'), NO_CLIENT);
    await consumer.put(path, CLIENT);
    t.equal((await ask(id, 'a')).status, 200, 'its keys were kept');
    await consumer.put(path, { ...CLIENT, active: false });
    refused(t, await ask(id, 'a'), NO_CLIENT);
  },
);

t.test('PV-SEC-073 a scope is on the client from the answer that put it there until the answer that took it off', async (t) => {
  const { consumer, id, path } = await register('a');
  await consumer.put(path, { ...CLIENT, scopes: [] });
  t.match((await ask(id, 'a')).body.error_uri, /MP-200$/);
  await consumer.put(path, CLIENT);
  t.equal((await ask(id, 'a')).status, 200);
});

t.test('T21 a key that has ended is refused with MP-121, and signs again once it has been posted again', async (t) => {
  const { consumer, id, path } = await register();
  await consumer.post(`${path}/jwks`, { keys: [{ ...KEY, kid: 'a', exp: START - DAY }] });
  refused(t, await ask(id, 'a'), { code: 'MP-121', status: 400, error: 'invalid_grant', phrase: 'Expired key.' });
  await consumer.post(`${path}/jwks`, { keys: [{ ...KEY, kid: 'a' }] });
  t.equal((await ask(id, 'a')).status, 200);
});

t.test('contract §1.6 a key lives for a year from the day it was posted, whatever end it was posted with', async (t) => {
  const { consumer, id, path } = await register();
  await consumer.post(`${path}/jwks`, { keys: [{ ...KEY, kid: 'a', exp: START + 10 * YEAR }] });
  server.clock.time = START + YEAR - 1;
  t.equal((await ask(id, 'a')).status, 200);
  server.clock.time = START + YEAR;
  t.match((await ask(id, 'a')).body.error_uri, /MP-121$/);
  server.clock.time = START;
});

t.test(
  'contract §2.5 T35 the life of tokens that a client wishes is echoed as sent, and capped when a token is issued',
  async (t) => {
    const { consumer, id, path } = await register('a');
    for (const [wish, echoed, seconds] of [
      [3600, 3600, 3600],
      [86400, 86400, 3600],
      [30, 30, 30],
      [0, 120, 120],
    ]) {
      const { body } = await consumer.put(path, { ...CLIENT, access_token_lifetime: wish });
      t.equal(body.access_token_lifetime, echoed);
      t.equal((await ask(id, 'a')).body.expires_in, seconds);
    }
  },
);

t.test('PV-SEC-090 an admin token counts for nothing once its client is inactive or has lost the scope: 401', async (t) => {
  const operator = await api.as('operator', ['idporten:dcr.read', 'idporten:dcr.write']);
  const second = await api.as('operator', ['idporten:dcr.read', 'idporten:dcr.write']);
  const path = `/clients/${adminOf('operator')}`;
  const { body: client } = await operator.get(path);
  t.equal((await operator.put(path, { ...client, scopes: ['idporten:dcr.write'] })).status, 200);
  t.equal((await second.get('/clients')).status, 200, 'what opens it is still held');
  t.equal((await operator.put(path, { ...client, scopes: [] })).status, 200);
  for (const caller of [operator, second]) {
    const answer = await caller.get('/clients');
    t.equal(answer.status, 401);
    refusedByApi(t, answer, 'PV-640');
  }
});

t.test('PV-SEC-090 and at the call after the one that made its own client inactive', async (t) => {
  const customer = await api.as('customer', ADMIN);
  t.equal((await customer.delete(`/clients/${adminOf('customer')}`)).status, 200);
  t.equal((await customer.get('/clients')).status, 401);
  refusedByApi(t, await customer.put(`/clients/${adminOf('customer')}`, CLIENT), 'PV-640');
});
