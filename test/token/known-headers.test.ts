import t from 'tap';
import { signRaw } from '../../fixtures/assertion.ts';
import { START, startTestServer } from './server.ts';

/** The header of a client that proved who it is need not be read again; nothing else of what it proved is taken for granted. */

const kart = { scope: 'prove:kart.read' };

t.test('a header that held is judged anew in every assertion: its signature, its client and its certificate', async (t) => {
  const server = await startTestServer(t);
  const { clientId, key } = server.client('demo-chain');
  const assertion = await server.assertion('demo-chain', kart);
  t.equal((await server.ask(assertion)).status, 200);
  const header = Buffer.from(assertion.split('.')[0] ?? '', 'base64url').toString();
  const forge = async (changes: object, signer = key): Promise<string> => {
    const payload = { iss: clientId, aud: server.issuer, ...kart, iat: START, exp: START + 60, jti: 'forged', ...changes };
    const { status, body } = await server.ask(signRaw(header, JSON.stringify(payload), signer));
    return status === 200 ? 'token' : String(body.error_uri).replace(/.*\//, '');
  };
  t.equal(await forge({}, server.client('demo-consumer').key), 'MP-124', 'signed by somebody else');
  t.equal(await forge({ iss: server.client('demo-swedish').clientId }), 'MP-122', 'of another organisation');
  t.equal(await forge({ iss: server.client('demo-consumer').clientId }), 'PV-126', 'for a client with keys');
  await server.storage.transaction(async ({ trust }) => {
    for (const { id } of await trust.list()) await trust.remove(id);
  });
  t.equal(await forge({}), 'MP-120', 'nobody is trusted any more');
});
