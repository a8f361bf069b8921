import { OAuth2Server } from 'oauth2-mock-server';
import type { PeerTask } from './peer-task.ts';

/** An oauth2-mock-server as it comes: it reads the assertion of a JWT-bearer grant and believes it. */
export async function startMockServer({ issuer, port, signingKey }: PeerTask): Promise<void> {
  const server = new OAuth2Server();
  server.issuer.url = issuer;
  await server.issuer.keys.add({ ...signingKey, kty: 'RSA', alg: 'RS256', kid: 'benchmark' });
  await server.start(port, '127.0.0.1');
}
