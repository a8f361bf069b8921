import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { createLocalJWKSet, jwtVerify } from 'jose';
import t, { type Test } from 'tap';
import { makeKeyPair } from '../../fixtures/test-ca.ts';
import { createSigner } from '../../keys/signer.ts';
import { publicJwk, thumbprint } from '../../keys/thumbprint.ts';
import { OwnTokens } from '../../server/authorities/own-token.ts';
import { START } from '../token/server.ts';

const SCOPE = 'altinn:maskinporten/delegations.admin';
const keyPair = makeKeyPair();

/** A token server that answers with numbered tokens of two minutes, what it was sent, and a clock to turn. */
async function tokenServer(t: Test) {
  const assertions: string[] = [];
  const server = createServer(async (request, response) => {
    assertions.push(new URLSearchParams(await text(request)).get('assertion') ?? '');
    const answer = { access_token: `token-${assertions.length}`, token_type: 'Bearer', expires_in: 120 };
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(answer));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const clock = { seconds: 0 };
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const { privateKey } = await keyPair;
  let ids = 0;
  const tokens = new OwnTokens(
    {
      ...{ issuer, clientId: 'spoerrer', key: createSigner(thumbprint(publicJwk(privateKey)), privateKey) },
      clock: { now: () => START + clock.seconds },
      random: { uuid: () => `id-${++ids}`, token: () => '', traceId: () => '', spanId: () => '' },
    },
    () => clock.seconds * 1000,
  );
  t.teardown(async () => {
    await tokens.close();
    server.close();
  });
  return {
    ...{ issuer, assertions, clock, tokens },
    get: (scope = SCOPE) => tokens.get(scope, { signal: AbortSignal.timeout(2_000) }),
  };
}

t.test(
  'our own token is fetched with an assertion that any such server takes, its kid the key’s thumbprint (contract §6.3)',
  async (t) => {
    const { issuer, assertions, get } = await tokenServer(t);
    t.equal(await get(), 'token-1');
    const jwk = publicJwk((await keyPair).privateKey);
    const keys = createLocalJWKSet({ keys: [{ ...jwk, kid: thumbprint(jwk) }] });
    const { payload } = await jwtVerify(assertions[0] ?? '', keys, { currentDate: new Date(START * 1000), audience: issuer });
    t.strictSame(payload, { aud: issuer, iss: 'spoerrer', scope: SCOPE, iat: START, exp: START + 60, jti: 'id-1' });
  },
);

t.test('it is used until ten seconds before its end, and then renewed; each scope has its own', async (t) => {
  const { clock, tokens, get } = await tokenServer(t);
  t.equal(await get(), 'token-1');
  clock.seconds = 109;
  t.equal(await get(), 'token-1');
  clock.seconds = 110;
  t.equal(await get(), 'token-2');
  t.equal(await get('altinn:maskinporten/consent.read'), 'token-3');
  t.equal(await get(), 'token-2');
  tokens.forget(SCOPE);
  t.equal(await get(), 'token-4', 'one that was refused is used no more');
});

t.test('who asks while it is being fetched shares it', async (t) => {
  const { assertions, get } = await tokenServer(t);
  t.strictSame(new Set(await Promise.all(Array.from({ length: 50 }, () => get()))), new Set(['token-1']));
  t.equal(assertions.length, 1);
});
