import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../../proving/data-directory.ts';
import type { LoadedServer } from '../../../proving/portvakt.ts';
import type { Presigner } from '../../../proving/presigner.ts';
import { startServerProcess } from '../../../proving/server-process.ts';
import { tokenRequest } from '../../../proving/token-request.ts';
import { JWT_BEARER } from '../../../server/core/token-request.ts';
import type { Target } from '../target.ts';
import { CLIENT_ID, type PeerTask, RESOURCE, SCOPE, TASK } from './peer-task.ts';

const PROGRAM = fileURLToPath(new URL('program.ts', import.meta.url));

/** RFC 7523 §2.2 */
const CLIENT_ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** How each is asked for a token, with an assertion of the one client. */
const PEERS = [
  {
    peer: 'oidc-provider',
    form: (assertion: string) => ({
      ...{ grant_type: 'client_credentials', scope: SCOPE, resource: RESOURCE },
      ...{ client_assertion_type: CLIENT_ASSERTION, client_assertion: assertion },
    }),
    leavesOut:
      'keeps used jti in the memory of each worker, the last thousand or so, so that another worker takes a replay; nothing durable, no audit, no access rows',
  },
  {
    peer: 'oauth2-mock-server',
    form: (assertion: string) => ({ grant_type: JWT_BEARER, scope: SCOPE, assertion }),
    leavesOut: 'believes every assertion: no signature is verified, no client known, no jti kept, nothing durable, no audit',
  },
] as const;

/** A server of somebody else, with the one kind of request to it. */
export type Peer = { readonly server: LoadedServer; readonly target: Target };

/** Starts the servers that Portvakt is compared with, each with as many workers. All or none. */
export async function startPeers(presigner: Presigner, workers: number): Promise<readonly Peer[]> {
  const started: Peer[] = [];
  try {
    for (const { peer, form, leavesOut } of PEERS) {
      const { server, key } = await startPeer(peer, workers);
      const order = {
        ...{ clientId: CLIENT_ID, audience: server.issuer, key, kid: CLIENT_ID },
        claims: { sub: CLIENT_ID, scope: undefined },
      };
      const requests = async (count: number): Promise<Uint8Array[]> => {
        const assertions = await presigner.sign(new Array(count).fill(order));
        return assertions.map((assertion) => tokenRequest(server.issuer, form(assertion)));
      };
      started.push({ server, target: { name: peer, server, requests, leavesOut } });
    }
    return started;
  } catch (error) {
    for (const { server } of started) await server.stop();
    throw error;
  }
}

async function startPeer(peer: PeerTask['peer'], workers: number): Promise<{ server: LoadedServer; key: KeyObject }> {
  const port = await freePort();
  const client = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const signing = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const task: PeerTask = {
    ...{ peer, port, workers, issuer: `http://localhost:${port}` },
    signingKey: signing.privateKey.export({ format: 'jwk' }),
    clientKey: client.publicKey.export({ format: 'jwk' }),
  };
  const server = await startServerProcess({ args: [PROGRAM], env: { [TASK]: JSON.stringify(task) } });
  return { server: { ...server, issuer: task.issuer, port }, key: client.privateKey };
}
