import { decodeJwt } from 'jose';
import t from 'tap';
import { getToken } from '../../docs/how-to/get-a-token.ts';
import { startTestServer } from '../token/server.ts';

t.test('the program of docs/how-to/get-a-token.md', async (t) => {
  const { issuer, client } = await startTestServer(t, { systemClock: true });
  const { clientId, kid = '', key } = client('demo-consumer');
  const ask = (scope: string) => getToken({ issuer, clientId, kid, key, scope });

  t.test('gets a token', async (t) => {
    t.match(decodeJwt(await ask('prove:bygg.read')), { iss: issuer, scope: 'prove:bygg.read', client_id: clientId });
  });

  t.test('says why it was refused', async (t) => {
    await t.rejects(ask('prove:unknown.read'), /invalid scopes for client.*errors\/MP-200$/);
  });
});
