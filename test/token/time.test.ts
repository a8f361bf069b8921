import t from 'tap';
import { START, startTestServer } from './server.ts';

const scope = 'prove:kart.read';

/** Code of the answer, or its status when it is a token. */
type Ask = (claims: Record<string, unknown>) => Promise<string>;

function asker(server: Awaited<ReturnType<typeof startTestServer>>): Ask {
  return async (claims) => {
    const { status, body } = await server.ask(await server.assertion('demo-consumer', { scope, claims }));
    return status === 200 ? '200' : (String(body.error_uri).split('/').pop() ?? '');
  };
}

t.test('PV-SEC-024 T5 an assertion lives for 1 to 120 seconds, inclusive', async (t) => {
  const ask = asker(await startTestServer(t));
  const answers = { 0: 'PV-132', 1: '200', 2: '200', 119: '200', 120: '200', 121: 'PV-132', 3600: 'PV-132' };
  for (const [lifetime, answer] of Object.entries(answers))
    t.equal(await ask({ iat: START, exp: START + Number(lifetime) }), lifetime === '0' ? 'MP-130' : answer, lifetime);
  t.equal(await ask({ iat: START + 5, exp: START + 5 }), 'PV-132', 'no life at all, still ahead');
});

t.test('PV-SEC-024 exp has no leeway: an assertion ends with its second', async (t) => {
  const server = await startTestServer(t);
  const ask = asker(server);
  t.equal(await ask({ iat: START - 60, exp: START + 1 }), '200');
  t.equal(await ask({ iat: START - 60, exp: START }), 'MP-130');
  t.equal(await ask({ iat: START - 60, exp: START - 1 }), 'MP-130');
  server.clock.time = START + 0.999;
  t.equal(await ask({ iat: START - 60, exp: START + 1 }), '200');
});

t.test('PV-SEC-025 a configured leeway moves the end of exp and nothing else', async (t) => {
  const ask = asker(await startTestServer(t, { settings: { expLeeway: 5 } }));
  t.equal(await ask({ iat: START - 60, exp: START - 4 }), '200');
  t.equal(await ask({ iat: START - 60, exp: START - 5 }), 'MP-130');
  t.equal(await ask({ iat: START + 11, exp: START + 60 }), 'PV-131');
});

t.test('PV-SEC-024 T6 iat and nbf lie at most 10 seconds ahead', async (t) => {
  const ask = asker(await startTestServer(t));
  for (const ahead of [0, 9, 10]) t.equal(await ask({ iat: START + ahead, exp: START + 60 }), '200', `iat ${ahead}`);
  t.equal(await ask({ iat: START + 11, exp: START + 60 }), 'PV-131');
  for (const ahead of [-100, 0, 9, 10]) t.equal(await ask({ nbf: START + ahead }), '200', `nbf ${ahead}`);
  t.equal(await ask({ nbf: START + 11 }), 'PV-133');
});

t.test('T6a iat is bounded by exp alone, or by the operator’s setting (contract §1.4)', async (t) => {
  const free = asker(await startTestServer(t));
  t.equal(await free({ iat: START - 60, exp: START + 30 }), '200');
  t.equal(await free({ iat: START - 119, exp: START + 1 }), '200');
  const literal = asker(await startTestServer(t, { settings: { iatMaxAge: 10 } }));
  t.equal(await literal({ iat: START - 10, exp: START + 30 }), '200');
  t.equal(await literal({ iat: START - 11, exp: START + 30 }), 'MP-130');
});

t.test('T21 a registered key signs until its end, and not at it (contract §1.6)', async (t) => {
  const server = await startTestServer(t);
  const client = await server.storage.clients.find(server.client('demo-consumer').clientId);
  const end = client?.keys[0]?.expires ?? 0;
  const ask = asker(server);
  server.clock.time = end - 1;
  t.equal(await ask({}), '200');
  server.clock.time = end;
  t.equal(await ask({}), 'MP-121');
});

t.test('an enterprise certificate counts from its first to its last second', async (t) => {
  const server = await startTestServer(t);
  const code = async () => {
    const { status, body } = await server.ask(await server.assertion('demo-certificate', { scope }));
    return status === 200 ? '200' : String(body.error_uri).split('/').pop();
  };
  t.equal(await code(), '200');
  server.clock.time = START + 20 * 365 * 86400;
  t.equal(await code(), 'MP-120');
  server.clock.time = START - 20 * 365 * 86400;
  t.equal(await code(), 'MP-120');
});
