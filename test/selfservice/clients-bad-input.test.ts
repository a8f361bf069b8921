import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import t from 'tap';
import { refusedByApi, startApi } from './api.ts';

const api = await startApi(t);
const { server } = api;
const consumer = await api.as('consumer', ['idporten:dcr.read', 'idporten:dcr.write', 'idporten:dcr.modify']);
const { clientId } = server.client('demo-consumer');
const CLIENT = { client_name: 'a', description: 'a' };
const stored = async () => [await server.storage.clients.list(), (await server.storage.audit.list(1000)).length];
const before = await stored();

/** A value of another type than every member has, but for those that may be any text. */
const wrong: readonly [member: string, values: readonly unknown[]][] = [
  ['client_id', [7, true, {}, ['a'], '', 'a b', 'a/b', '.', '..', 'æ', 'a\n', 'a'.repeat(256), '::']],
  ['client_name', [7, {}, '', 'a\u0000', 'a\nb', '\u0085', 'a'.repeat(256)]],
  ['client_orgno', [310555037, {}, ['310555037']]],
  ['supplier_orgno', [310555037, false]],
  ['description', [7, {}, '', 'a'.repeat(4001)]],
  ['active', ['true', 1, 0, [], {}]],
  ['integration_type', [7, 'MASKINPORTEN', 'annet', '']],
  ['scopes', ['prove:kart.read', {}, [7], [null], [['prove:kart.read']]]],
  ['access_token_lifetime', ['120', -1, 1.5, 1e300, {}, []]],
  ['application_type', [7, 'mobile']],
  ['grant_types', ['refresh_token', {}, ['password'], [7]]],
  ['token_endpoint_auth_method', [7, 'tls_client_auth', []]],
  ['refresh_token_lifetime', ['600', -1, true]],
  ['refresh_token_usage', [7, 'reuse']],
  ['authorization_lifetime', ['7200', -1]],
  ['logo_uri', [7, {}, ['a']]],
  ['client_uri', [false]],
  ['redirect_uris', ['https://a.example.no', [7], {}]],
  ['post_logout_redirect_uris', [{ 0: 'a' }, [{}]]],
  ['frontchannel_logout_uri', [7]],
  ['frontchannel_logout_session_required', ['false', 0]],
  ['sso_disabled', ['false', 0]],
  ['code_challenge_method', [7, 's256']],
];
for (const [member, values] of wrong) {
  t.test(`contract §5.2.2 ${member} of a wrong type or form is refused, and named`, async (t) => {
    for (const value of values) {
      const body = { ...CLIENT, [member]: value };
      for (const answer of [await consumer.post('/clients', body), await consumer.put(`/clients/${clientId}`, body)]) {
        t.equal(answer.status, 400);
        const { errors } = answer.body as { errors: { fieldIdentifier: string; isFieldError: boolean }[] };
        t.ok(
          errors.every(({ fieldIdentifier, isFieldError }) => isFieldError && fieldIdentifier.split('.')[0] === member),
          answer.text,
        );
      }
    }
  });
}

t.test('every wrong member is told at once, and each message begins with its name', async (t) => {
  const { body } = await consumer.post('/clients', { active: 'x', scopes: 'y' });
  const messages = (body.errors as { errorMessage: string }[]).map(({ errorMessage }) => errorMessage);
  t.same(messages, [
    'client_name: is missing',
    'active: must be a boolean',
    'scopes: must be an array',
    'description: is missing',
  ]);
  t.equal(body.error_description, messages.join('; '));
});

const unreadable: readonly [string, string | Buffer, string][] = [
  ['a member that occurs twice', '{"client_name":"a","description":"a","client_name":"b"}', 'PV-602'],
  ['a member that occurs twice, deeper', '{"client_name":"a","description":"a","x":{"y":1,"y":2}}', 'PV-602'],
  ['__proto__', '{"client_name":"a","description":"a","__proto__":{"active":false}}', 'PV-602'],
  ['constructor', '{"client_name":"a","description":"a","constructor":{"prototype":{}}}', 'PV-602'],
  ['an array', '[{"client_name":"a","description":"a"}]', 'PV-602'],
  ['a string', '"client"', 'PV-602'],
  ['null', 'null', 'PV-602'],
  ['half a document', '{"client_name":"a"', 'PV-602'],
  ['a form', 'client_name=a&description=a', 'PV-602'],
  ['octets that are not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 'PV-602'],
  ['nesting beyond reason', `{"client_name":"a","description":"a","x":${'['.repeat(5000)}${']'.repeat(5000)}}`, 'PV-602'],
  ['1 MB', JSON.stringify({ ...CLIENT, x: 'a'.repeat(1_000_000) }), 'PV-019'],
  ['no body at all', '', 'PV-601'],
];
for (const [title, body, code] of unreadable) {
  t.test(`${code} ${title} as a body is refused`, async (t) => {
    refusedByApi(t, await consumer.post('/clients', body), code);
    refusedByApi(t, await consumer.put(`/clients/${clientId}`, body), code);
  });
}

t.test('PV-603 a body of another media type is refused, JSON with a charset is not', async (t) => {
  const body = JSON.stringify({ ...CLIENT, active: 'x' });
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/json-patch+json', ''])
    refusedByApi(t, await consumer.post('/clients', body, { 'Content-Type': type }), 'PV-603');
  const json = { 'Content-Type': 'application/json; charset=utf-8' };
  refusedByApi(t, await consumer.post('/clients', body, json), 'PV-601', 'active');
});

/** Sends a path as it is, which fetch would tidy up first. */
async function raw(method: string, path: string): Promise<{ status: number; body: Record<string, unknown> }> {
  const sent = request({
    ...{ host: '127.0.0.1', port: server.port, method, path, agent: false },
    headers: { Authorization: `Bearer ${consumer.token}`, Connection: 'close' },
  });
  sent.end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return { status: response.statusCode ?? 0, body: JSON.parse(await text(response)) };
}

const odd = [
  '%2e%2e',
  '..',
  '.',
  '%2F',
  'a%2Fb',
  '%2e%2e%2f%2e%2e',
  '%00',
  '%0d%0aX:%20y',
  'a;b',
  "'--",
  '%C3%A6',
  '__proto__',
  '*',
];
for (const id of odd) {
  t.test(`an id like ${id} is a client or a key that does not exist: 404`, async (t) => {
    for (const method of ['GET', 'DELETE']) {
      for (const path of [`/clients/${id}`, `/clients/${clientId}/jwks/${id}`, `/clients/${clientId}/onbehalfof/${id}`]) {
        const { status, body } = await raw(method, `/api/v1${path}`);
        t.equal(status, 404, `${method} ${path}`);
        t.match(body, { error: 'not_found', status: 404, errors: [{ isFieldError: false }] });
      }
    }
  });
}

t.test('an id that is no percent-encoded UTF-8 is refused with 400, one that is too long for a header with 431', async (t) => {
  for (const id of ['%zz', '%ff', '%C3', '%']) t.equal((await raw('GET', `/api/v1/clients/${id}`)).status, 400, id);
  t.equal((await raw('GET', `/api/v1/clients/${'a'.repeat(10_000)}`)).status, 404);
  t.equal((await raw('GET', `/api/v1/clients/${'a'.repeat(20_000)}`)).status, 431);
});

t.test('a query that is none is refused, and unknown parameters are ignored', async (t) => {
  for (const query of ['inactive=yes', 'inactive=', 'inactive=true&inactive=false', 'inactive=%zz'])
    t.equal((await consumer.get(`/clients?${query}`)).status, 400, query);
  t.equal((await consumer.get('/clients?fnord=1&_=2')).status, 200);
});

t.test('PV-018 methods that an address does not have are refused with those that it has', async (t) => {
  for (const [method, path, allow] of [
    ['PATCH', '/clients', 'GET, POST'],
    ['POST', `/clients/${clientId}`, 'GET, PUT, DELETE'],
    ['GET', `/clients/${clientId}/secret`, 'POST'],
  ] as const) {
    const answer = await consumer.send(method, path);
    refusedByApi(t, answer, 'PV-018');
    t.equal(answer.headers.get('allow'), allow);
  }
});

t.test('nothing of all this is stored or recorded', async (t) => {
  t.same(await stored(), before);
});
