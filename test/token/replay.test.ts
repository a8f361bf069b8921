import t from 'tap';
import { signRaw } from '../../fixtures/assertion.ts';
import { START, startTestServer } from './server.ts';

const kart = { scope: 'prove:kart.read' };

const code = ({ status, body }: { status: number; body: Record<string, unknown> }): string =>
  status === 200 ? '200' : (String(body.error_uri).split('/').pop() ?? '');

t.test('T7 MP-012 an assertion is used once', async (t) => {
  const server = await startTestServer(t);
  const assertion = await server.assertion('demo-consumer', kart);
  t.equal(code(await server.ask(assertion)), '200');
  for (let again = 0; again < 3; again++) t.equal(code(await server.ask(assertion)), 'MP-012');
});

t.test('PV-SEC-038 T7 of 50 equal requests at once exactly one gets a token, with jti and without', async (t) => {
  const server = await startTestServer(t);
  for (const jti of ['same', undefined]) {
    const assertion = await server.assertion('demo-consumer', { ...kart, claims: { jti } });
    const codes = (await Promise.all(Array.from({ length: 50 }, () => server.ask(assertion)))).map(code);
    t.equal(codes.filter((each) => each === '200').length, 1);
    t.equal(codes.filter((each) => each === 'MP-012').length, 49);
  }
});

t.test('PV-SEC-029 another assertion with a jti that was used is a replay', async (t) => {
  const server = await startTestServer(t);
  t.equal(code(await server.ask(await server.assertion('demo-consumer', { ...kart, jti: 'a' }))), '200');
  t.equal(code(await server.ask(await server.assertion('demo-consumer', { ...kart, jti: 'a', lifetime: 61 }))), 'MP-012');
});

t.test('PV-SEC-033 a jti is its client’s own: no client burns another’s', async (t) => {
  const server = await startTestServer(t);
  t.equal(code(await server.ask(await server.assertion('demo-consumer', { ...kart, jti: 'shared' }))), '200');
  t.equal(code(await server.ask(await server.assertion('demo-certificate', { ...kart, jti: 'shared' }))), '200');
  t.equal(
    code(await server.ask(await server.assertion('demo-consumer', { ...kart, jti: 'Shared' }))),
    '200',
    'and compared byte for byte',
  );
});

t.test('PV-SEC-032 without jti header and payload are the identifier, never the signature', async (t) => {
  const server = await startTestServer(t);
  const { clientId, kid, key } = server.client('demo-consumer');
  const payload = { iss: clientId, aud: server.issuer, ...kart, iat: START, exp: START + 60 };
  const head = JSON.stringify({ alg: 'RS256', kid });
  const assertion = signRaw(head, JSON.stringify(payload), key);
  t.equal(code(await server.ask(assertion)), '200');
  t.equal(code(await server.ask(assertion)), 'MP-012');
  t.equal(
    code(await server.ask(signRaw(head, JSON.stringify({ ...payload, exp: START + 61 }), key))),
    '200',
    'another payload is another assertion',
  );
});

t.test(
  'the assertion is spent even when a later check refuses it, and a replay wins over that refusal (contract §1.5)',
  async (t) => {
    const server = await startTestServer(t);
    const assertion = await server.assertion('demo-supplier', { scope: 'prove:bygg.read' });
    t.equal(code(await server.ask(assertion)), 'MP-250');
    t.equal(code(await server.ask(assertion)), 'MP-012');
  },
);

t.test('PV-SEC-034 what is refused before its signature held spends nothing', async (t) => {
  const server = await startTestServer(t);
  const good = await server.assertion('demo-consumer', { ...kart, jti: 'mine' });
  for (const changes of [{ claims: { aud: 'x' } }, { header: { kid: 'x' } }, { claims: { exp: START - 1, iat: START - 2 } }]) {
    await server.ask(await server.assertion('demo-consumer', { ...kart, jti: 'mine', ...changes }));
  }
  t.equal(code(await server.ask(good)), '200');
});

t.test('PV-SEC-031 pruning never removes an assertion that could still be used', async (t) => {
  const server = await startTestServer(t);
  const assertion = await server.assertion('demo-consumer', { ...kart, lifetime: 120 });
  t.equal(code(await server.ask(assertion)), '200');
  t.equal(await server.storage.assertions.prune(START + 119, 1000), 0);
  server.clock.time = START + 119;
  t.equal(code(await server.ask(assertion)), 'MP-012');
  t.equal(await server.storage.assertions.prune(START + 1000, 1000), 1);
});

t.test('every verdict on an authenticated assertion is in the audit, with the number that the client was told', async (t) => {
  const server = await startTestServer(t);
  const issued = await server.ask(await server.assertion('demo-consumer', kart));
  const refusal = await server.ask(await server.assertion('demo-supplier', { scope: 'prove:bygg.read' }));
  const [newest, before] = await server.storage.audit.list(2);
  t.match(newest, {
    type: 'token.refused',
    orgno: '310555045',
    details: { code: 'MP-250' },
    correlationId: refusal.headers.get('x-correlation-id'),
  });
  t.match(before, {
    type: 'token.issuing',
    orgno: '310555037',
    details: { scopes: ['prove:kart.read'] },
    correlationId: issued.headers.get('x-correlation-id'),
  });
  t.match(refusal.body.error_description, String(newest?.correlationId), 'which is the trace id in the refusal');
});
