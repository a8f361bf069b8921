import { createPublicKey, type JsonWebKey, verify } from 'node:crypto';
import { createLocalJWKSet, type JWK, jwtVerify } from 'jose';
import t from 'tap';
import { resourceServer } from '../../docs/how-to/resource-server.ts';
import { isNorwegianNumber } from '../../server/core/organization.ts';
import { TOKEN_FAULTS, type TokenFault } from '../../server/core/token-fault.ts';
import { START, startTestServer, type TestServer } from './server.ts';

const SCOPE = 'prove:bygg.read';
const AUDIENCE = 'https://api.prove.example.no/bygg';

/** The one rule that each fault breaks. */
const BROKEN: Readonly<Record<TokenFault, string>> = {
  expired: 'exp',
  'not-yet-valid': 'nbf',
  'without-expiry': 'exp',
  'wrong-issuer': 'iss',
  'wrong-audience': 'aud',
  'wrong-scope': 'scope',
  'without-scope': 'scope',
  'without-consumer': 'consumer',
  'wrong-signature': 'signature',
  'unknown-kid': 'kid',
  'wrong-algorithm': 'alg',
  'public-key-as-secret': 'alg',
  unsigned: 'alg',
  tampered: 'signature',
};

/** The one thing that jose finds wrong, where it is asked for all that docs/how-to/verify.md names; undefined: what only the API can judge. */
const SAID_BY_JOSE: Readonly<Record<TokenFault, string | undefined>> = {
  expired: 'ERR_JWT_EXPIRED exp',
  'not-yet-valid': 'ERR_JWT_CLAIM_VALIDATION_FAILED nbf',
  'without-expiry': 'ERR_JWT_CLAIM_VALIDATION_FAILED exp',
  'wrong-issuer': 'ERR_JWT_CLAIM_VALIDATION_FAILED iss',
  'wrong-audience': 'ERR_JWT_CLAIM_VALIDATION_FAILED aud',
  'wrong-scope': undefined,
  'without-scope': 'ERR_JWT_CLAIM_VALIDATION_FAILED scope',
  'without-consumer': 'ERR_JWT_CLAIM_VALIDATION_FAILED consumer',
  'wrong-signature': 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
  'unknown-kid': 'ERR_JWKS_NO_MATCHING_KEY',
  'wrong-algorithm': 'ERR_JOSE_ALG_NOT_ALLOWED',
  'public-key-as-secret': 'ERR_JOSE_ALG_NOT_ALLOWED',
  unsigned: 'ERR_JOSE_ALG_NOT_ALLOWED',
  tampered: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
};

async function mint(server: TestServer, fault?: string) {
  const assertion = await server.assertion('demo-consumer', { claims: { scope: SCOPE, resource: AUDIENCE } });
  const body = new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion });
  const path = `/mint${fault === undefined ? '' : `?fault=${fault}`}`;
  return server.post(body.toString(), undefined, path);
}

t.test('a test issuer mints tokens with exactly one fault each', async (t) => {
  const server = await startTestServer(t);
  const { keys } = (await server.get('/jwk')).body as { keys: (JsonWebKey & { kid: string })[] };
  const token = async (fault?: string) => String((await mint(server, fault)).body.access_token);

  t.same(brokenRules(await token(), { issuer: server.issuer, keys }), [], 'without a fault it is sound');
  for (const fault of Object.keys(TOKEN_FAULTS) as TokenFault[])
    t.same(brokenRules(await token(fault), { issuer: server.issuer, keys }), [BROKEN[fault]], fault);

  t.match(await mint(server, 'nothing'), { status: 400, body: { error_uri: /PV-601$/ } }, 'an unknown fault');
  t.match(await mint(server, 'expired&fault=unsigned'), { status: 400, body: { error_uri: /PV-601$/ } }, 'two faults');
  const replayed = await server.assertion('demo-consumer', { claims: { scope: SCOPE } });
  await server.ask(replayed);
  const body = new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: replayed });
  t.match(
    await server.post(`${body}`, undefined, '/mint?fault=expired'),
    { body: { error_uri: /MP-012$/ } },
    'judged as any other',
  );
});

t.test('jose finds the one fault of each, and none in a token whose other half is right', async (t) => {
  const server = await startTestServer(t);
  const { keys } = (await server.get('/jwk')).body as { keys: JWK[] };
  const jwks = createLocalJWKSet({ keys });
  const options = {
    ...{ issuer: server.issuer, audience: AUDIENCE, algorithms: ['RS256'], requiredClaims: ['exp', 'iat', 'scope', 'consumer'] },
    currentDate: new Date(START * 1000),
  };
  const judge = async (token: string): Promise<string | undefined> =>
    jwtVerify(token, jwks, options).then(
      () => undefined,
      ({ code, claim }: { code: string; claim?: string }) => [code, claim].filter(Boolean).join(' '),
    );
  const sound = String((await mint(server)).body.access_token);
  t.equal(await judge(sound), undefined);
  const header = sound.split('.')[0];
  for (const fault of Object.keys(TOKEN_FAULTS) as TokenFault[]) {
    const token = String((await mint(server, fault)).body.access_token);
    t.equal(await judge(token), SAID_BY_JOSE[fault], fault);
    const [faultyHeader = '', payload = ''] = token.split('.');
    const ofHeader = ['unknown-kid', 'wrong-algorithm', 'public-key-as-secret', 'unsigned'].includes(fault);
    const { kid, alg, ...more } = JSON.parse(Buffer.from(faultyHeader, 'base64url').toString());
    t.same([kid === keys[0]?.kid, more], [fault !== 'unknown-kid', {}], `${fault}: the header names the key`);
    if (!ofHeader) t.equal(faultyHeader, header, `${fault}: the header is that of a sound token`);
    const { consumer } = JSON.parse(Buffer.from(payload, 'base64url').toString());
    if (consumer) t.ok(isNorwegianNumber(consumer.ID.slice(5)), `${fault}: the consumer's number can exist`);
  }
});

t.test('the resource server of docs/how-to/verify.md answers the sound token and refuses every other', async (t) => {
  const server = await startTestServer(t, { systemClock: true });
  const api = resourceServer({ issuer: server.issuer, scope: SCOPE, audience: AUDIENCE }).listen(0, '127.0.0.1');
  t.teardown(() => api.close());
  const send = async (fault?: string) => {
    const authorization = `Bearer ${(await mint(server, fault)).body.access_token}`;
    const address = api.address();
    if (address === null || typeof address === 'string') throw new Error('the API does not listen');
    return (await fetch(`http://127.0.0.1:${address.port}/`, { headers: { authorization, connection: 'close' } })).status;
  };
  t.equal(await send(), 200);
  for (const fault of Object.keys(TOKEN_FAULTS)) t.equal(await send(fault), fault === 'wrong-scope' ? 403 : 401, fault);
});

t.test('a production server mints nothing, sound tokens neither: PV-605', async (t) => {
  const server = await startTestServer(t, {
    config: { environment: 'production' },
    world: (world) => ({ ...world, trust: [] }),
  });
  for (const fault of [undefined, ...Object.keys(TOKEN_FAULTS), 'nothing'])
    t.match(await mint(server, fault), { status: 403, body: { error: 'forbidden', error_uri: /PV-605$/ } }, fault ?? 'none');
  t.equal((await server.get('/mint')).status, 405);
});

type Rules = { readonly issuer: string; readonly keys: readonly (JsonWebKey & { readonly kid: string })[] };

/** Every rule of docs/how-to/verify.md that the token breaks; a signature is judged only where the header is right. */
function brokenRules(token: string, { issuer, keys }: Rules): string[] {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const { alg, kid } = JSON.parse(Buffer.from(header, 'base64url').toString());
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
  const [key] = keys;
  if (!key) throw new Error('the issuer publishes no key');
  const signed = verify(
    alg === 'RS512' ? 'sha512' : 'sha256',
    Buffer.from(`${header}.${payload}`),
    createPublicKey({ key, format: 'jwk' }),
    Buffer.from(signature, 'base64url'),
  );
  const rules: readonly [string, boolean][] = [
    ['alg', alg === 'RS256'],
    ['kid', alg === 'none' || kid === key.kid],
    ['signature', signed || alg === 'none' || alg === 'HS256'],
    ['exp', claims.exp > START],
    ['nbf', !(claims.nbf > START)],
    ['iat', claims.iat <= START && claims.iat > START - 3600],
    ['iss', claims.iss === issuer],
    ['aud', claims.aud === AUDIENCE],
    ['scope', claims.scope?.split(' ').includes(SCOPE) === true],
    ['consumer', /^0192:\d{9}$/.test(claims.consumer?.ID)],
  ];
  return rules.filter(([, holds]) => !holds).map(([rule]) => rule);
}
