import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import t from 'tap';
import type { AssertionOptions } from '../../fixtures/assertion.ts';
import type { WorldClient } from '../../fixtures/world.ts';
import { START, startTestServer } from './server.ts';

const kart = { scope: 'prove:kart.read' };

t.test(
  'T1 a minimal grant signed with a registered key gets a token of exactly the contract’s members (contract §2)',
  async (t) => {
    const server = await startTestServer(t);
    const answer = await server.ask(await server.assertion('demo-consumer', { scope: 'prove:bygg.read prove:kart.read' }));
    t.equal(answer.status, 200);
    t.equal(answer.headers.get('content-type'), 'application/json');
    t.equal(answer.headers.get('cache-control'), 'no-store');
    t.equal(answer.headers.get('x-content-type-options'), 'nosniff');
    t.same(Object.keys(answer.body).sort(), ['access_token', 'expires_in', 'scope', 'token_type']);
    t.equal(answer.body.token_type, 'Bearer');
    t.equal(answer.body.expires_in, 120);
    t.equal(answer.body.scope, 'prove:bygg.read prove:kart.read', 'the scopes in the order asked');

    const token = String(answer.body.access_token);
    const header = decodeProtectedHeader(token);
    t.same(Object.keys(header).sort(), ['alg', 'kid']);
    t.equal(header.alg, 'RS256');
    t.match(header.kid, /^[A-Za-z0-9_-]{43}$/);
    const claims = decodeJwt(token);
    const { clientId, orgno } = server.client('demo-consumer');
    t.match(claims.jti, /^[A-Za-z0-9_-]{43}$/);
    t.strictSame(claims, {
      scope: 'prove:bygg.read prove:kart.read',
      iss: server.issuer,
      client_amr: 'private_key_jwt',
      token_type: 'Bearer',
      exp: START + 120,
      iat: START,
      client_id: clientId,
      jti: claims.jti,
      consumer: { authority: 'iso6523-actorid-upis', ID: `0192:${orgno}` },
    });
  },
);

t.test('a token verifies with the keys at jwks_uri, by a library that knows nothing of us (contract §4.2)', async (t) => {
  const server = await startTestServer(t);
  const { body } = await server.ask(await server.assertion('demo-consumer', kart));
  const keys = createRemoteJWKSet(new URL(`http://127.0.0.1:${server.port}/jwk`));
  const { payload } = await jwtVerify(String(body.access_token), keys, {
    issuer: server.issuer,
    currentDate: new Date(START * 1000),
    algorithms: ['RS256'],
  });
  t.equal(payload.scope, 'prove:kart.read');
});

t.test(
  'T18 an enterprise certificate authenticates its organisation’s client, alone or with its chain (contract §1.3)',
  async (t) => {
    const server = await startTestServer(t);
    const { x5c = [] } = server.client('demo-certificate');
    for (const chain of [x5c.slice(0, 1), x5c]) {
      const answer = await server.ask(await server.assertion('demo-certificate', { ...kart, x5c: chain }));
      t.equal(answer.status, 200, `${chain.length} certificates: ${answer.text.slice(0, 200)}`);
      t.equal(decodeJwt(String(answer.body.access_token)).client_amr, 'virksomhetssertifikat');
    }
  },
);

t.test('T17 white space inside an x5c string is dropped before it is decoded (contract §1.3)', async (t) => {
  const server = await startTestServer(t);
  const [leaf = ''] = server.client('demo-certificate').x5c ?? [];
  const folded = leaf.replace(/(.{64})/g, '$1\r\n');
  t.equal((await server.ask(await server.assertion('demo-certificate', { ...kart, x5c: [`\t ${folded} `] }))).status, 200);
});

t.test(
  'T4 T8 what real clients send besides the minimum is tolerated: aud in an array, nbf, sub, typ, x5t (contract §1.3, §1.4)',
  async (t) => {
    const anyAlg = (client: WorldClient): WorldClient => ({ ...client, keys: client.keys.map(({ alg: _, ...key }) => key) });
    const server = await startTestServer(t, { world: (world) => ({ ...world, clients: world.clients.map(anyAlg) }) });
    const { clientId } = server.client('demo-consumer');
    const tolerated: Partial<AssertionOptions>[] = [
      { claims: { aud: [server.issuer] } },
      { claims: { nbf: START } },
      { claims: { sub: clientId } },
      { claims: { iat: START + 0.9, exp: START + 60.5 } },
      { header: { typ: 'JWT' } },
      { header: { typ: 'jwt' } },
      { header: { x5t: 'whatever', 'x5t#S256': 1, jku: 'http://127.0.0.1:1/', x5u: null, jwk: { kty: 'oct' }, foo: [] } },
      ...(['RS256', 'RS384', 'RS512'] as const).map((alg) => ({ alg })),
      ...[10, 30, 60, 100, 120].map((lifetime) => ({ lifetime })),
    ];
    for (const changes of tolerated) {
      const answer = await server.ask(await server.assertion('demo-consumer', { ...kart, ...changes }));
      t.equal(answer.status, 200, `${JSON.stringify(changes)} ${answer.status === 200 ? '' : answer.text}`);
    }
  },
);

t.test(
  'T10 the token’s aud is the grant’s resource: a string for one, an array for several, absent for none (contract §2.6)',
  async (t) => {
    const server = await startTestServer(t);
    const aud = async (resource: unknown) => {
      const { body } = await server.ask(await server.assertion('demo-consumer', { ...kart, claims: { resource } }));
      return decodeJwt(String(body.access_token)).aud;
    };
    t.equal(await aud('https://a.example/x'), 'https://a.example/x');
    t.equal(await aud(['https://a.example/x']), 'https://a.example/x');
    t.same(await aud(['https://a.example/x', 'urn:b']), ['https://a.example/x', 'urn:b']);
    t.equal(await aud(undefined), undefined);
  },
);

t.test(
  'a scope’s enforced audience stands above the grant’s, and an operator may have "unspecified" said (contract §2.6)',
  async (t) => {
    const server = await startTestServer(t, {
      settings: { unspecifiedAudience: true },
      world: (world) => ({
        ...world,
        scopes: world.scopes.map((scope) =>
          scope.name === 'prove:bygg.read' ? { ...scope, enforcedAudience: 'https://bygg.example/' } : scope,
        ),
      }),
    });
    const aud = async (scope: string, resource?: string) => {
      const { body } = await server.ask(await server.assertion('demo-consumer', { scope, claims: { resource } }));
      return decodeJwt(String(body.access_token)).aud;
    };
    t.equal(await aud('prove:bygg.read', 'https://other.example/'), 'https://bygg.example/');
    t.equal(await aud('prove:kart.read', 'https://other.example/'), 'https://other.example/');
    t.equal(await aud('prove:kart.read'), 'unspecified');
  },
);

t.test('T16 a token lives as client, scopes and operator say, the lowest limit winning (contract §2.5)', async (t) => {
  const cases = [
    { wish: 0, caps: [0, 0], life: 120 },
    { wish: 0, caps: [60, 90], life: 60 },
    { wish: 0, caps: [1000, 0], life: 1000 },
    { wish: 500, caps: [0, 0], life: 500 },
    { wish: 500, caps: [60, 0], life: 60 },
    { wish: 30, caps: [60, 90], life: 30 },
    { wish: 7200, caps: [0, 0], life: 3600 },
    { wish: 0, caps: [7200, 0], life: 3600 },
  ];
  for (const { wish, caps, life } of cases) {
    const server = await startTestServer(t, {
      world: (world) => ({
        ...world,
        scopes: world.scopes.map((scope) => {
          const place = ['prove:bygg.read', 'prove:kart.read'].indexOf(scope.name);
          return place < 0 ? scope : { ...scope, atMaxAge: caps[place] ?? 0 };
        }),
        clients: world.clients.map((client) => ({ ...client, accessTokenLifetime: wish })),
      }),
    });
    const { body } = await server.ask(await server.assertion('demo-consumer', { scope: 'prove:bygg.read prove:kart.read' }));
    const { iat = 0, exp = 0 } = decodeJwt(String(body.access_token));
    t.equal(exp - iat, life, `client ${wish}, scopes ${caps}`);
    t.equal(body.expires_in, life);
  }
});

t.test('iat is rounded down and expires_in counts whole seconds left (contract §2.1, §2.3)', async (t) => {
  const server = await startTestServer(t);
  server.clock.time = START + 0.7;
  const { body } = await server.ask(await server.assertion('demo-consumer', kart));
  t.equal(decodeJwt(String(body.access_token)).iat, START);
  t.equal(body.expires_in, 119);
});

t.test('PV-SEC-081 pid reaches the token when the grant carries it, and nothing else', async (t) => {
  const server = await startTestServer(t);
  const { body } = await server.ask(await server.assertion('demo-consumer', { ...kart, claims: { pid: '01819010001' } }));
  t.equal(decodeJwt(String(body.access_token)).pid, '01819010001');
  const kept = JSON.stringify([server.lines, await server.storage.audit.list(100)]);
  t.notOk(kept.includes('01819010001'), 'not in log or audit');
});

t.test('a client that a supplier made names both parties, and needs access of both (contract §5.6)', async (t) => {
  const supplier = '310555045';
  const byId = (clientId: string) => (client: { clientId: string }) => client.clientId === clientId;
  const make = (accesses: string[]) =>
    startTestServer(t, {
      world: (world) => {
        const demo = world.clients.find(({ name }) => name === 'demo-consumer');
        if (!demo) throw new Error('no demo-consumer');
        return {
          ...world,
          clients: world.clients.map((client) => (byId(demo.clientId)(client) ? { ...client, supplierOrgno: supplier } : client)),
          accesses: accesses.map((consumerOrgno) => ({
            scope: 'prove:bygg.read',
            consumerOrgno,
            state: 'APPROVED' as const,
            created: START,
            lastUpdated: START,
          })),
        };
      },
    });
  const both = await make(['310555037', supplier]);
  const { body } = await both.ask(await both.assertion('demo-consumer', { scope: 'prove:bygg.read' }));
  const claims = decodeJwt(String(body.access_token));
  t.same(claims.consumer, { authority: 'iso6523-actorid-upis', ID: '0192:310555037' });
  t.same(claims.supplier, { authority: 'iso6523-actorid-upis', ID: `0192:${supplier}` });
  t.equal(claims.delegation_source, undefined);
  for (const alone of ['310555037', supplier]) {
    const server = await make([alone]);
    const answer = await server.ask(await server.assertion('demo-consumer', { scope: 'prove:bygg.read' }));
    t.match(answer.body.error_uri, /MP-250$/, `access of ${alone} alone`);
  }
});
