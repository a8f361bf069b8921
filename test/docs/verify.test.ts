import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type JWTPayload, SignJWT } from 'jose';
import t, { type Test } from 'tap';
import { resourceServer } from '../../docs/how-to/resource-server.ts';
import { startTestServer } from '../token/server.ts';

const SCOPE = 'prove:bygg.read';
const AUDIENCE = 'https://api.prove.example.no/bygg';
const CONSUMER = { authority: 'iso6523-actorid-upis', ID: '0192:310555037' };
const SUPPLIER = { authority: 'iso6523-actorid-upis', ID: '0192:310555045' };

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 });

/** One thing that may be wrong with a token, or nothing. */
type Fault = {
  readonly header?: { readonly alg?: string; readonly kid?: string };
  readonly claims?: JWTPayload;
  readonly without?: string;
  readonly key?: KeyObject;
  /** Changes the finished token. */
  readonly finish?: (token: string) => string;
};

t.test('the resource server of docs/how-to/verify.md', async (t) => {
  const issuer = await startIssuer(t);
  const api = await start(t, resourceServer({ issuer, scope: SCOPE, audience: AUDIENCE }));
  const call = async (authorization?: string) => fetch(api, { headers: authorization === undefined ? {} : { authorization } });
  const send = async (fault: Fault = {}) => call(`Bearer ${await token(issuer, fault)}`);

  t.test('answers a token of the issuer for its scope', async (t) => {
    const response = await send();
    t.equal(response.status, 200);
    t.same(await response.json(), { consumer: '310555037' });
  });

  t.test('answers good tokens of other shapes', async (t) => {
    t.same(await (await send({ claims: { supplier: SUPPLIER } })).json(), { consumer: '310555037', supplier: '310555045' });
    t.equal((await send({ claims: { scope: `prove:other ${SCOPE}` } })).status, 200, 'its scope among others');
    t.equal((await send({ claims: { aud: AUDIENCE } })).status, 200, 'its own audience');
    t.equal(
      (await send({ claims: { aud: ['https://other.example.no/', AUDIENCE] } })).status,
      200,
      'its own audience among others',
    );
    t.equal((await send({ claims: { pid: '01819010001' } })).status, 200, 'a claim that it does not need');
    t.equal((await send({ claims: { consumer: { ...CONSUMER, ID: `${CONSUMER.ID}:unit//7:1` } } })).status, 200, 'a sub-unit');
    const swedish = { consumer: { ...CONSUMER, ID: '0007:5560000001:unit//7:1' } };
    t.same(await (await send({ claims: swedish })).json(), { consumer: '0007:5560000001' }, 'another register, with its code');
  });

  const now = Math.floor(Date.now() / 1000);
  const faults: readonly (readonly [what: string, fault: Fault])[] = [
    ['that has expired', { claims: { exp: now - 1 } }],
    ['without an end', { without: 'exp' }],
    ['that is not valid yet', { claims: { nbf: now + 60 } }],
    ['from the future', { claims: { iat: now + 60 } }],
    ['older than any the issuer makes', { claims: { iat: now - 3601 } }],
    ['that does not say when it was issued', { without: 'iat' }],
    ['with a changed claim', { finish: withClaim({ scope: SCOPE, consumer: { ...CONSUMER, ID: '0192:310555029' } }) }],
    ['without a signature', { finish: (token) => token.replace(/[^.]*$/, '') }],
    ["signed by a stranger under the issuer's kid", { key: stranger.privateKey }],
    ['with alg none', { finish: unsigned }],
    ['with alg HS256 and the public key as secret', { finish: signedWithPublicKey }],
    ['signed by a key of another type', { header: { alg: 'ES256', kid: 'ec' }, key: ec.privateKey }],
    ['signed by another algorithm', { header: { alg: 'RS512' } }],
    ['with an unknown kid', { header: { kid: 'unknown' } }],
    ['of another issuer', { claims: { iss: 'https://token.example.com/' } }],
    ['of the issuer without its final slash', { claims: { iss: issuer.slice(0, -1) } }],
    ['for another audience', { claims: { aud: 'https://other.example.no/' } }],
    ['for an audience that begins as its own', { claims: { aud: `${AUDIENCE}/` } }],
    ['without a consumer', { without: 'consumer' }],
    ['whose consumer is text', { claims: { consumer: '0192:310555037' } }],
    ['whose consumer names no register', { claims: { consumer: { ...CONSUMER, ID: '310555037' } } }],
    ['whose consumer has no number', { claims: { consumer: { ...CONSUMER, ID: '0007:' } } }],
    ['whose consumer has another authority', { claims: { consumer: { ...CONSUMER, authority: 'example' } } }],
    ['whose consumer has ten digits', { claims: { consumer: { ...CONSUMER, ID: '0192:3105550370' } } }],
    ['whose supplier is broken', { claims: { supplier: { ID: '310555045' } } }],
    ['without a scope', { without: 'scope' }],
  ];
  for (const [what, fault] of faults) {
    t.test(`refuses a token ${what}`, async (t) => {
      const response = await send(fault);
      t.equal(response.status, 401);
      t.equal(response.headers.get('www-authenticate'), 'Bearer error="invalid_token"');
      t.equal(await response.text(), '');
    });
  }

  t.test('refuses a token for another scope', async (t) => {
    for (const scope of ['prove:bygg.write', `${SCOPE}.more`, SCOPE.toUpperCase(), SCOPE.slice(0, -1)]) {
      const response = await send({ claims: { scope } });
      t.equal(response.status, 403, scope);
      t.equal(response.headers.get('www-authenticate'), 'Bearer error="insufficient_scope"');
    }
  });

  t.test('refuses a request without a bearer token', async (t) => {
    for (const authorization of [undefined, 'Basic eDp5', `Bearer${await token(issuer, {})}`, 'Bearer a b']) {
      const response = await call(authorization);
      t.equal(response.status, 401);
      t.equal(response.headers.get('www-authenticate'), 'Bearer');
    }
  });
});

t.test('the resource server lets nobody in while the issuer cannot be reached', async (t) => {
  const closed = await startIssuer(t);
  const api = await start(t, resourceServer({ issuer: `${closed}gone/`, scope: SCOPE, audience: AUDIENCE }));
  const response = await fetch(api, { headers: { authorization: `Bearer ${await token(`${closed}gone/`, {})}` } });
  t.equal(response.status, 503);
});

t.test('the resource server answers tokens that this server issued', async (t) => {
  const server = await startTestServer(t, { systemClock: true });
  const api = await start(t, resourceServer({ issuer: server.issuer, scope: SCOPE, audience: AUDIENCE }));
  const ask = async (resource?: string) => {
    const claims = { scope: SCOPE, ...(resource !== undefined && { resource }) };
    const { body } = await server.ask(await server.assertion('demo-consumer', { claims }));
    return fetch(api, { headers: { authorization: `Bearer ${body.access_token}` } });
  };
  const response = await ask();
  t.equal(response.status, 200);
  t.same(await response.json(), { consumer: '310555037' });
  t.equal((await ask(AUDIENCE)).status, 200);
  t.equal((await ask('https://other.example.no/')).status, 401, 'a token that was asked for another API');
  const assertion = await server.assertion('demo-consumer', { claims: { scope: SCOPE } });
  t.equal((await fetch(api, { headers: { authorization: `Bearer ${assertion}` } })).status, 401, 'an assertion is no token');
});

/** Something that publishes the keys, as an issuer does. @returns its issuer identifier */
async function startIssuer(t: Test): Promise<string> {
  const keys = [
    { ...rsa.publicKey.export({ format: 'jwk' }), kid: 'rsa', use: 'sig' },
    { ...ec.publicKey.export({ format: 'jwk' }), kid: 'ec', use: 'sig' },
  ];
  return start(
    t,
    createServer(({ url }, response) => {
      if (url === '/jwk') response.setHeader('Content-Type', 'application/json').end(JSON.stringify({ keys }));
      else response.writeHead(404).end();
    }),
  );
}

async function start(t: Test, server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

async function token(issuer: string, { header, claims, without, key, finish = (same) => same }: Fault): Promise<string> {
  const iat = Math.floor(Date.now() / 1000);
  const payload: JWTPayload = {
    iss: issuer,
    client_id: '7f3b0c7e-3b1d-4d7a-9f0e-5a2c1d9e8b44',
    client_amr: 'private_key_jwt',
    token_type: 'Bearer',
    scope: SCOPE,
    iat,
    exp: iat + 120,
    jti: 'q2Jt3xT0b9Yk6mP1sVwC5eRzUa7fHd4LgNoQiBvXyWE',
    consumer: CONSUMER,
    ...claims,
  };
  if (without !== undefined) delete payload[without];
  const jwt = new SignJWT(payload).setProtectedHeader({ alg: 'RS256', kid: 'rsa', ...header });
  return finish(await jwt.sign(key ?? rsa.privateKey));
}

function withClaim(changed: JWTPayload): (token: string) => string {
  return (token) => {
    const [header, payload = '', signature] = token.split('.');
    const claims = { ...JSON.parse(Buffer.from(payload, 'base64url').toString()), ...changed };
    return [header, encode(claims), signature].join('.');
  };
}

function unsigned(token: string): string {
  return `${encode({ alg: 'none' })}.${token.split('.')[1]}.`;
}

function signedWithPublicKey(token: string): string {
  const secret = rsa.publicKey.export({ type: 'spki', format: 'pem' });
  const input = `${encode({ alg: 'HS256', kid: 'rsa' })}.${token.split('.')[1]}`;
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
