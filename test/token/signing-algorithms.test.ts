import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import t from 'tap';
import { SIGNING_ALGORITHMS, type SigningAlgorithm } from '../../server/core/signing-algorithm.ts';
import { refused, startTestServer, type TestServer, type Wishes } from './server.ts';

/** `PV-SEC-074`: access tokens are RS256, unless a scope or the issuer is set otherwise. Contract §2.2 */

const [SCOPE, OTHER] = ['prove:bygg.read', 'prove:kart.read'];

const asking =
  (wishes: Readonly<Record<string, SigningAlgorithm>>): NonNullable<Wishes['world']> =>
  (world) => ({
    ...world,
    scopes: world.scopes.map((scope) => ({ ...scope, ...(wishes[scope.name] && { signingAlgorithm: wishes[scope.name] }) })),
  });

async function token(server: TestServer, scope = SCOPE): Promise<string> {
  const { status, text, body } = await server.ask(await server.assertion('demo-consumer', { scope }));
  if (status !== 200) throw new Error(text);
  return String(body.access_token);
}

t.test('a token is RS256 where nothing is set', async (t) => {
  t.equal(decodeProtectedHeader(await token(await startTestServer(t))).alg, 'RS256');
});

for (const alg of SIGNING_ALGORITHMS) {
  t.test(`a scope that asks for ${alg} gets tokens that an API verifies with the published key`, async (t) => {
    const server = await startTestServer(t, {
      settings: { signingAlgorithms: [...SIGNING_ALGORITHMS] },
      world: asking({ [SCOPE]: alg }),
    });
    const jwks = createRemoteJWKSet(new URL('/jwk', server.issuer));
    const currentDate = new Date(server.clock.time * 1000);
    const { protectedHeader, payload } = await jwtVerify(await token(server), jwks, { algorithms: [alg], currentDate });
    t.same(Object.keys(protectedHeader), ['kid', 'alg']);
    t.equal(payload.scope, SCOPE);
    t.equal(decodeProtectedHeader(await token(server, OTHER)).alg, 'RS256', 'other scopes have the first of the issuer');
  });
}

t.test('the first algorithm of the issuer signs where the scope asks for none', async (t) => {
  const server = await startTestServer(t, { settings: { signingAlgorithms: ['ES256', 'RS256'] } });
  t.equal(decodeProtectedHeader(await token(server)).alg, 'ES256');
});

t.test('tokens for the own API stay RS256', async (t) => {
  const server = await startTestServer(t, { settings: { signingAlgorithms: ['EdDSA', 'RS256'] } });
  const { body } = await server.ask(await server.assertion('demo-owner-admin', { scope: 'idporten:scopes.read' }));
  t.equal(decodeProtectedHeader(String(body.access_token)).alg, 'RS256');
  const { status } = await server.get('/scopes', { headers: { authorization: `Bearer ${body.access_token}` } });
  t.equal(status, 200);
});

t.test('PV-203 scopes that ask for different algorithms do not share a token', async (t) => {
  const server = await startTestServer(t, {
    settings: { signingAlgorithms: ['RS256', 'ES256'] },
    world: asking({ [SCOPE]: 'ES256' }),
  });
  const answer = await server.ask(await server.assertion('demo-consumer', { scope: `${SCOPE} ${OTHER}` }));
  refused(t, answer, {
    ...{ code: 'PV-203', status: 400, error: 'invalid_scope' },
    phrase: 'Token request contains scopes that no signature suits, ES256, RS256',
  });
});

t.test('PV-203 no token is signed with an algorithm that the operator has taken away', async (t) => {
  const server = await startTestServer(t, { world: asking({ [SCOPE]: 'PS256' }) });
  const answer = await server.ask(await server.assertion('demo-consumer', { scope: SCOPE }));
  refused(t, answer, {
    ...{ code: 'PV-203', status: 400, error: 'invalid_scope' },
    phrase: 'Token request contains scopes that no signature suits, PS256',
  });
});

t.test("another algorithm than the contract's stands in the record of the token", async (t) => {
  const server = await startTestServer(t, { settings: { signingAlgorithms: ['ES256', 'RS256'] } });
  await token(server);
  const [record] = await server.storage.audit.list(1);
  t.match(record, { type: 'token.issuing', details: { alg: 'ES256' } });
});
