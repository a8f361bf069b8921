import t from 'tap';
import { items, refusedByApi, startApi } from './api.ts';

const OWNER = ['idporten:scopes.write'] as const;
const scope = { prefix: 'prove', subscope: 'vei', description: 'x' };

t.test('an unknown path is 404 in the six fields, never HTML, with or without a token (contract §5.1)', async (t) => {
  const { as, nobody } = await startApi(t);
  const owner = await as('owner', OWNER);
  for (const caller of [owner, nobody]) {
    for (const path of ['/x', '/scopes/x/y', '/clients/a/b/c/d', '/scopes//access', '/scopes%2fall', '/%ff'])
      refusedByApi(t, await caller.get(path), 'PV-017');
  }
});

t.test('another method is 405 with Allow, and HEAD is GET without its body', async (t) => {
  const { as, server } = await startApi(t);
  const owner = await as('owner', OWNER);
  const answer = await owner.send('PATCH', '/scopes');
  t.equal(answer.status, 405);
  t.equal(answer.headers.get('allow'), 'GET, POST, PUT, DELETE');
  refusedByApi(t, answer, 'PV-018');
  const head = await server.get('/api/v1/scopes/all', { method: 'HEAD' });
  t.equal(head.status, 200);
  t.equal(head.text, '');
});

t.test('our own resources stand under /api/v1 alone (decisions 8)', async (t) => {
  const { as, server } = await startApi(t);
  const { token } = await as('operator', ['portvakt:operator']);
  for (const path of ['/operator/organizations', '/operator/trust', '/explanations', '/token-counts', '/docs'])
    t.equal((await server.get(path, { headers: { Authorization: `Bearer ${token}` } })).status, 404, path);
});

t.test('a body is one JSON object in UTF-8, each member once, of at most 256 KiB', async (t) => {
  const { as, server } = await startApi(t);
  const owner = await as('owner', OWNER);
  const post = (body: string | Uint8Array, headers = {}) => owner.post('/scopes', body, headers);
  for (const body of [
    '[]',
    '5',
    'null',
    '"x"',
    '{',
    '{"a":1}{"b":2}',
    '{"prefix":"a","prefix":"b"}',
    '{"__proto__":{}}',
    '\ufeff{}',
    '{"a":"\\ud800"}',
  ])
    refusedByApi(t, await post(body), 'PV-602');
  refusedByApi(t, await post(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])), 'PV-602');
  refusedByApi(t, await post(`{"a":${'['.repeat(50)}${']'.repeat(50)}}`), 'PV-602');
  const members = Object.fromEntries(Array.from({ length: 300 }, (_, place) => [`m${place}`, 1]));
  refusedByApi(t, await post(JSON.stringify(members)), 'PV-602');
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonx', 'application/json-patch+json'])
    refusedByApi(t, await post(JSON.stringify(scope), { 'Content-Type': type }), 'PV-603');
  refusedByApi(t, await post(JSON.stringify(scope), { 'Content-Encoding': 'gzip' }), 'PV-020');
  for (const bytes of [257 * 1024, 1024 * 1024]) {
    const large = await post(JSON.stringify({ ...scope, long_description: 'x'.repeat(bytes) }));
    t.equal(large.status, 413);
    refusedByApi(t, large, 'PV-019');
  }
  t.equal(await server.storage.scopes.find('prove:vei'), undefined);
  const charset = await post(JSON.stringify(scope), { 'Content-Type': 'Application/JSON; charset=utf-8' });
  t.equal(charset.status, 200);
});

t.test('a query names each parameter once, in UTF-8; + and %20 are spaces there', async (t) => {
  const { as } = await startApi(t);
  const owner = await as('owner', OWNER);
  for (const query of ['scope=a&scope=b', 'scope=%ff', 'scope=%', 'scope=%c3%28', 'inactive=1', 'inactive='])
    refusedByApi(t, await owner.get(`/scopes?${query}`), 'PV-601');
  t.same(items(await owner.get('/scopes/access?scope=a+b')), []);
  t.equal((await owner.get('/scopes?&&inactive=true&__proto__=1&constructor=2')).status, 200, 'unknown ones are ignored');
});

t.test('PV-SEC-063 answers are private, not sniffed, and open to no other origin', async (t) => {
  const { as, nobody } = await startApi(t);
  const owner = await as('owner', OWNER);
  for (const answer of [
    await owner.get('/scopes'),
    await nobody.get('/scopes'),
    await owner.get('/x'),
    await nobody.get('/scopes/all'),
  ]) {
    t.equal(answer.headers.get('cache-control'), 'no-store');
    t.equal(answer.headers.get('x-content-type-options'), 'nosniff');
    t.equal(answer.headers.get('access-control-allow-origin'), null);
    t.equal(answer.headers.get('set-cookie'), null);
  }
});

t.test('PV-SEC-067 no token, however it is written, is more than 401', async (t) => {
  const { server } = await startApi(t);
  const values = [
    'Bearer',
    'Bearer ',
    'Bearer a b',
    'Bearer .',
    'Bearer ..',
    'Bearer =',
    'Basic YTpi',
    'Bearer a.b.c',
    `Bearer ${'x'.repeat(9000)}`,
  ];
  for (const Authorization of [...values, 'Bearer e30.e30.e30', 'bearer x', 'Bearer\tx']) {
    const answer = await server.get('/api/v1/scopes', { headers: { Authorization } });
    t.equal(answer.status, 401, Authorization.slice(0, 20));
  }
});

t.test('an organisation has its name looked up by everybody (contract §5.7)', async (t) => {
  const { nobody } = await startApi(t);
  t.strictSame((await nobody.get('/organizations/310555037')).body, { orgnr: '310555037', name: 'Eksempel Bygg AS' });
  for (const number of ['310555088', '310555038', 'x', '%00', '0192:310555037'])
    t.equal((await nobody.get(`/organizations/${encodeURIComponent(number)}`)).status, 404, number);
});

t.test('the own issuer is a delegation source, shown to everybody (contract §5.5.4, §5.9 no. 14)', async (t) => {
  const { server, nobody } = await startApi(t);
  const epoch = '1970-01-01T00:00:00.000Z';
  t.strictSame((await nobody.get('/delegationsources')).body, [
    { name: 'portvakt', issuer: server.issuer, created: epoch, last_updated: epoch },
  ]);
  t.equal((await server.get('/delegationsources/')).status, 200);
});

t.test('prefixes: the own to its owner, all to everybody (contract §5.5.4)', async (t) => {
  const { as, nobody } = await startApi(t);
  const owner = await as('owner', OWNER);
  const [prefix] = items(await owner.get('/prefix'));
  t.match(prefix, { prefix: 'prove', owner_orgno: '310555029', organization_name: 'Prøveetaten', active: true });
  t.same(items(await nobody.get('/prefix/all')), [prefix]);
  t.same(items(await (await as('consumer', OWNER)).get('/prefix')), []);
});
