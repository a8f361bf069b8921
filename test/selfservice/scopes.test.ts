import t from 'tap';
import { items, refusedByApi, sameEachTime, startApi } from './api.ts';

const READ = ['idporten:scopes.read'] as const;
const WRITE = ['idporten:scopes.write'] as const;

const wanted = { prefix: 'prove', subscope: 'vei.read', description: 'Lese veier' };
const NEW = '/scopes?scope=prove:vei.read';
const BUILDING = '/scopes?scope=prove:bygg.read';

t.test('a scope of nothing but prefix, subscope and description gets every default (contract §5.5.2)', async (t) => {
  const { as } = await startApi(t);
  const owner = await as('owner', WRITE);
  const answer = await owner.post('/scopes', wanted);
  t.equal(answer.status, 200);
  t.strictSame(answer.body, {
    name: 'prove:vei.read',
    ...wanted,
    token_type: 'SELF_CONTAINED',
    visibility: 'PUBLIC',
    requires_user_consent: false,
    requires_user_authentication: false,
    requires_pseudonymous_tokens: false,
    active: true,
    allowed_integration_types: [],
    owner_orgno: '310555029',
    at_max_age: 0,
    accessible_for_all: false,
    created: '2026-01-01T00:00:00.000Z',
    last_updated: '2026-01-01T00:00:00.000Z',
  });
  t.strictSame((await owner.get('/scopes/scope?scope=prove:vei.read')).body, answer.body);
  t.strictSame((await owner.get(NEW)).body, answer.body, 'contract §9 no. 24');
});

t.test('a scope keeps every member of the contract and no other (contract §5.5.2, PV-SEC-084)', async (t) => {
  const { as, server } = await startApi(t);
  const owner = await as('owner', WRITE);
  const kept = {
    ...wanted,
    long_description: 'Lese **veier**',
    'description#en': 'Read roads',
    'long_description#nn': 'Lese vegar',
    active: true,
    allowed_integration_types: ['maskinporten', 'krr'],
    token_type: 'OPAQUE',
    visibility: 'PRIVATE',
    requires_user_consent: true,
    requires_user_authentication: true,
    requires_pseudonymous_tokens: true,
    delegation_source: server.issuer,
    at_max_age: 30,
    authorization_max_lifetime: 60,
    accessible_for_all: true,
    enforced_aud_for_access_token: 'https://vei.example.no/',
    protected: true,
    supports_european_businesses: true,
  };
  const ignored = {
    name: '',
    owner_orgno: '310555037',
    created: 'x',
    last_updated: 'x',
    client_uri: 5,
    'description#EN': 'no',
    constructorr: {},
  };
  const { body } = await owner.post('/scopes', { ...kept, ...ignored });
  t.match(body, kept);
  t.equal(body.owner_orgno, '310555029');
  t.equal(body.name, 'prove:vei.read');
  for (const member of ['client_uri', 'description#EN', 'constructorr']) t.notOk(member in body, member);
  const back = await owner.put(NEW, body);
  t.strictSame(back.body, body, 'a whole answer can be sent back');
  const fewer = (await owner.put(NEW, { description: 'Lese' })).body;
  t.notOk('description#en' in fewer || 'delegation_source' in fewer || 'protected' in fewer, 'PUT replaces');
});

t.test('null is absent, and authorization_max_age is another name of the lifetime (contract §5.1, §9 no. 28)', async (t) => {
  const { as } = await startApi(t);
  const owner = await as('owner', WRITE);
  const nulls = {
    allowed_integration_types: null,
    delegation_source: null,
    at_max_age: null,
    active: null,
    long_description: null,
  };
  const { body } = await owner.post('/scopes', { ...wanted, ...nulls, authorization_max_age: 40 });
  t.match(body, { allowed_integration_types: [], at_max_age: 0, active: true, authorization_max_lifetime: 40 });
  t.notOk('authorization_max_age' in body || 'delegation_source' in body);
  const again = await owner.put(NEW, { description: 'Lese', delegation_source: '' });
  t.notOk('delegation_source' in again.body, 'an empty source is none');
});

t.test('a scope is made only under an active prefix of the own organisation: 403 PV-643 (contract §5.5.1)', async (t) => {
  const { as, server } = await startApi(t);
  const owner = await as('owner', WRITE);
  const consumer = await as('consumer', WRITE);
  const foreign = await consumer.post('/scopes', { ...wanted, subscope: 'bygg.read' });
  t.equal(foreign.status, 403);
  refusedByApi(t, foreign, 'PV-643', 'prefix');
  for (const prefix of ['ingen', 'idporten', 'portvakt', 'altinn'])
    refusedByApi(t, await owner.post('/scopes', { ...wanted, prefix }), 'PV-643', 'prefix');
  await server.storage.transaction(async ({ prefixes }) => {
    const prefix = await prefixes.find('prove');
    if (prefix) await prefixes.put({ ...prefix, active: false });
  });
  refusedByApi(t, await owner.post('/scopes', wanted), 'PV-643', 'prefix');
  refusedByApi(t, await owner.put('/scopes?scope=prove:arkiv.read', { description: 'x' }), 'PV-643', 'prefix');
});

t.test(
  'a subscope may hold slashes, colons, dots, hyphens and underscores, percent-encoded in the query (contract §5.5.2)',
  async (t) => {
    const { as } = await startApi(t);
    const owner = await as('owner', WRITE);
    for (const subscope of [
      'vei/les',
      'a:b:c',
      'x.y-z_1',
      'A',
      '+',
      '~!$&()*,;=@%25',
      'a.',
      '...',
      'v2/..hidden',
      'x'.repeat(249),
    ]) {
      const made = await owner.post('/scopes', { ...wanted, subscope });
      t.equal(made.status, 200, subscope);
      const found = await owner.get(`/scopes/scope?scope=${encodeURIComponent(`prove:${subscope}`)}`);
      t.equal(found.body.subscope, subscope);
    }
  },
);

t.test('a subscope outside of the grammar, or with an empty or dotted segment, is refused', async (t) => {
  const { as } = await startApi(t);
  const owner = await as('owner', WRITE);
  const wrong = [
    '',
    '/',
    'a/',
    '/a',
    'a//b',
    '.',
    '..',
    'a/../b',
    './a',
    'a b',
    'a\tb',
    'a"b',
    'a\\b',
    'båt',
    'а.read',
    'a\u0000',
    'x'.repeat(250),
  ];
  for (const subscope of wrong) {
    const answer = await owner.post('/scopes', { ...wanted, subscope });
    t.equal(answer.status, 400, JSON.stringify(subscope));
    refusedByApi(t, answer, 'PV-601', 'subscope');
  }
});

t.test('members of a wrong type or out of range are refused, ignored ones too, each with its name', async (t) => {
  const { as, server } = await startApi(t);
  const owner = await as('owner', WRITE);
  const wrong: Record<string, unknown[]> = {
    description: [undefined, '', 5, null],
    prefix: [undefined, 'P', 'Prove', 'prоve', 'p', 5],
    subscope: [undefined, 5, ['a']],
    'description#en': [5, {}],
    long_description: [5],
    active: ['true', 1],
    allowed_integration_types: ['maskinporten', ['MASKINPORTEN'], [null], ['x'], Array(8).fill('krr')],
    token_type: ['JWT', 5],
    visibility: ['public', 'SECRET', 5],
    delegation_source: ['https://delegering.example.no/', server.issuer.slice(0, -1), 5],
    at_max_age: [-1, 1.5, '30', 1e300],
    authorization_max_lifetime: [-1, '1'],
    authorization_max_age: ['1'],
    accessible_for_all: ['yes'],
    enforced_aud_for_access_token: [5, ['https://a/']],
    protected: ['no'],
    name: [5],
    created: [5],
    owner_orgno: [310555029],
  };
  for (const [member, values] of Object.entries(wrong)) {
    for (const value of values) {
      const answer = await owner.post('/scopes', { ...wanted, [member]: value });
      t.equal(answer.status, 400, `${member}: ${JSON.stringify(value)}`);
      const fields = answer.body.errors as { fieldIdentifier: string }[];
      t.ok(
        fields.every(({ fieldIdentifier }) => fieldIdentifier.startsWith(member)),
        answer.text,
      );
    }
  }
  t.equal(await server.storage.scopes.find('prove:vei.read'), undefined, 'nothing was stored');
});

t.test('INTERNAL is for the operator alone (contract §5.5.2)', async (t) => {
  const { as, nobody } = await startApi(t, {
    world: (world) => ({
      ...world,
      prefixes: [...world.prefixes, { prefix: 'drift', ownerOrgno: '310555010', active: true }],
    }),
  });
  const owner = await as('owner', WRITE);
  refusedByApi(t, await owner.post('/scopes', { ...wanted, visibility: 'INTERNAL' }), 'PV-601', 'visibility');
  refusedByApi(t, await owner.put(BUILDING, { description: 'x', visibility: 'INTERNAL' }), 'PV-601', 'visibility');
  const operator = await as('operator', WRITE);
  const made = await operator.post('/scopes', { prefix: 'drift', subscope: 'x', description: 'Drift', visibility: 'INTERNAL' });
  t.equal(made.body.visibility, 'INTERNAL');
  t.same(items(await nobody.get('/scopes/all?prefix=drift')), [], 'and it stands in no public list');
});

t.test('409 for a scope that exists, active or not; the inactive one says so (contract §5.8)', async (t) => {
  const { as } = await startApi(t);
  const owner = await as('owner', WRITE);
  const active = await owner.post('/scopes', { ...wanted, subscope: 'bygg.read' });
  t.equal(active.status, 409);
  refusedByApi(t, active, 'PV-609', 'subscope');
  const inactive = await owner.post('/scopes', { ...wanted, subscope: 'arkiv.read' });
  t.equal(inactive.status, 409);
  t.match(inactive.body.error_description, /already exists and is inactive/);
});

t.test('DELETE deactivates and answers the object, again and again; PUT with active true revives (contract §5.8)', async (t) => {
  const { as, server } = await startApi(t);
  const owner = await as('owner', WRITE);
  const gone = await owner.delete(BUILDING);
  t.match(gone.body, { name: 'prove:bygg.read', active: false, description: 'Lese byggesaker' });
  const records = (await server.storage.audit.list(100)).length;
  t.strictSame((await owner.delete(BUILDING)).body, gone.body);
  t.equal((await server.storage.audit.list(100)).length, records, 'nothing changed, so nothing is recorded');
  t.notOk(items(await owner.get('/scopes')).some(({ name }) => name === 'prove:bygg.read'));
  t.ok(items(await owner.get('/scopes?inactive=true')).some(({ name }) => name === 'prove:bygg.read'));
  t.equal((await owner.get(BUILDING)).body.active, false, 'and by its name it is there');
  t.equal((await server.storage.accesses.find('prove:bygg.read', '310555037'))?.state, 'APPROVED', 'its accesses stay');
  t.equal((await owner.put(BUILDING, { description: 'Lese byggesaker', active: true })).body.active, true);
});

t.test('a deactivated scope gives MP-200 at the next token request, and tokens again when it is revived', async (t) => {
  const { as, server } = await startApi(t);
  const owner = await as('owner', WRITE);
  const ask = async () => server.ask(await server.assertion('demo-consumer', { scope: 'prove:bygg.read' }));
  t.equal((await ask()).status, 200);
  await owner.delete(BUILDING);
  t.match((await ask()).body.error_uri, /MP-200$/);
  await owner.put(BUILDING, { description: 'Lese byggesaker' });
  t.equal((await ask()).status, 200, 'PUT without active revives, contract §9 no. 25');
});

t.test("prefix, subscope and integration types of tokens hold: an owner's change rules the next token", async (t) => {
  const { as, server } = await startApi(t);
  const owner = await as('owner', WRITE);
  const ask = async () => server.ask(await server.assertion('demo-consumer', { scope: 'prove:bygg.read' }));
  await owner.put(BUILDING, { description: 'x', at_max_age: 30 });
  t.equal((await ask()).body.expires_in, 30);
  await owner.put(BUILDING, { description: 'x', allowed_integration_types: ['krr'] });
  t.match((await ask()).body.error_uri, /MP-201$/);
});

t.test('what is immutable may be sent as it is, and nothing else (contract §5.8)', async (t) => {
  const { as } = await startApi(t);
  const owner = await as('owner', WRITE);
  t.equal(
    (await owner.put(BUILDING, { description: 'x', prefix: 'prove', subscope: 'bygg.read', name: 'anything' })).status,
    200,
  );
  refusedByApi(t, await owner.put(BUILDING, { description: 'x', subscope: 'annet' }), 'PV-601', 'subscope');
  refusedByApi(t, await owner.put(BUILDING, { description: 'x', prefix: 'kart' }), 'PV-601', 'prefix');
  for (const call of [owner.put('/scopes', { description: 'x' }), owner.delete('/scopes'), owner.get('/scopes/scope')])
    refusedByApi(t, await call, 'PV-601', 'scope');
});

t.test("PV-SEC-083 another organisation's scope answers exactly as one that does not exist", async (t) => {
  const { as } = await startApi(t);
  const consumer = await as('consumer', WRITE);
  for (const [method, path, body] of [
    ['GET', '/scopes', undefined],
    ['GET', '/scopes/scope', undefined],
    ['PUT', '/scopes', { description: 'x' }],
    ['DELETE', '/scopes', undefined],
  ] as const) {
    const foreign = await consumer.send(method, `${path}?scope=prove:bygg.read`, { body });
    t.equal(foreign.status, 404);
    t.strictSame(sameEachTime(foreign), sameEachTime(await consumer.send(method, `${path}?scope=prove:finnes.ikke`, { body })));
    t.strictSame(sameEachTime(foreign), sameEachTime(await consumer.send(method, `${path}?scope=idporten:dcr.read`, { body })));
  }
  t.same(items(await consumer.get('/scopes?inactive=true')), []);
});

t.test('/scopes/all is public, shows PUBLIC scopes alone, and filters as its clients write it (contract §5.5.1)', async (t) => {
  const { as, nobody, bearing, server } = await startApi(t);
  const owner = await as('owner', WRITE);
  await owner.post('/scopes', { ...wanted, subscope: 'hemmelig', visibility: 'PRIVATE', accessible_for_all: true });
  await owner.post('/scopes', { ...wanted, subscope: 'delt', delegation_source: server.issuer });
  const names = async (query: string) => items(await nobody.get(`/scopes/all${query}`)).map(({ subscope }) => subscope);
  t.same(await names(''), ['bygg.read', 'delt', 'innbygger.read', 'kart.read']);
  t.same(await names('?inactive=true'), ['arkiv.read', 'bygg.read', 'delt', 'innbygger.read', 'kart.read']);
  t.same(await names('?inactive=false'), await names(''));
  t.same(await names('?prefix=prove'), await names(''));
  t.same(await names('?prefix=prov'), []);
  t.same(await names('?accessible_for_all=true'), ['innbygger.read', 'kart.read']);
  t.same(await names('?accessible_for_all=false'), await names(''));
  t.same(await names('?delegated_sources=true'), ['delt']);
  for (const type of ['MASKINPORTEN', 'maskinporten', 'Maskinporten'])
    t.same(await names(`?integration_type=${type}`), ['bygg.read', 'delt', 'kart.read']);
  t.same(await names('?integration_type=IDPORTEN&accessible_for_all=true'), ['innbygger.read', 'kart.read']);
  t.same(await names('?unknown=1'), await names(''), 'unknown parameters are ignored');
  refusedByApi(t, await nobody.get('/scopes/all?inactive=yes'), 'PV-601', 'inactive');
  t.equal((await bearing('garbage').get('/scopes/all')).status, 200, 'a token is ignored, even a bad one');
});

t.test('scopes stand at the root and under /api/v1, with a slash at the end or none (decisions 8)', async (t) => {
  const { as } = await startApi(t);
  const owner = await as('owner', READ, '');
  const under = await as('owner', READ);
  t.strictSame((await owner.get('/scopes/')).body, (await under.get('/scopes')).body);
  t.strictSame((await owner.get('/scopes/all/')).body, (await under.get('/scopes/all')).body);
});

t.test('an owner chooses what its tokens are signed with, of what the server signs with (ours)', async (t) => {
  const { as } = await startApi(t, { settings: { signingAlgorithms: ['RS256', 'ES256'] } });
  const owner = await as('owner', WRITE);
  const { body } = await owner.post('/scopes', { ...wanted, access_token_signing_alg: 'ES256' });
  t.equal(body.access_token_signing_alg, 'ES256');
  for (const access_token_signing_alg of ['EdDSA', 'HS256', 'none', 5])
    refusedByApi(t, await owner.put(NEW, { ...body, access_token_signing_alg }), 'PV-601', 'access_token_signing_alg');
  t.equal((await owner.get(NEW)).body.access_token_signing_alg, 'ES256', 'as it was');
  const given = await owner.put(NEW, { ...body, access_token_signing_alg: '' });
  t.equal(given.status, 200);
  t.notOk('access_token_signing_alg' in given.body, "the choice is the issuer's again");
});
