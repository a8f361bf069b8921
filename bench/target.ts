import { type Credentials, makeWorld } from '../fixtures/made-up-world.ts';
import { JWT_BEARER } from '../server/core/token-request.ts';
import { type MeasuredServer, startMeasured } from './measured-server.ts';
import type { Presigner } from './presigner.ts';

/** One kind of request to one server: a line of the table. */
export type Target = {
  readonly name: string;
  readonly server: MeasuredServer;
  /** So many requests that each deserve a token, whole HTTP messages, signed now. */
  requests(count: number): Promise<Uint8Array[]>;
};

/** A closed scope, so that each token needs an access row. */
const SCOPE = 'prove:bygg.read';

/** The clients of the made-up world whose tokens are measured, under the names that the table gives them. */
const CLIENTS = { kid: 'demo-consumer', x5c: 'demo-chain' } as const;

/** Starts Portvakt on the embedded store with the made-up world; its targets share the one server. */
export async function startPortvakt(presigner: Presigner): Promise<{ server: MeasuredServer; targets: Target[] }> {
  const { world, clients } = await makeWorld({ now: Date.now() / 1000 });
  const server = await startMeasured(new URL('portvakt-server.ts', import.meta.url), world);
  const targets = Object.entries(CLIENTS).map(([name, clientName]) => {
    const order = { ...credentials(clients, clientName), audience: server.issuer, scope: SCOPE };
    return {
      name,
      server,
      requests: async (count: number) =>
        (await presigner.sign(order, count)).map((assertion) => tokenRequest(server.issuer, assertion)),
    };
  });
  return { server, targets };
}

function credentials(clients: readonly Credentials[], name: string): Pick<Credentials, 'clientId' | 'key' | 'kid' | 'x5c'> {
  const client = clients.find((candidate) => candidate.name === name);
  if (!client) throw new Error(`no client ${name} in the made-up world`);
  const { clientId, key, kid, x5c } = client;
  return { clientId, key, ...(kid !== undefined && { kid }), ...(x5c !== undefined && { x5c }) };
}

/** RFC 7523 §2.1 */
function tokenRequest(issuer: string, assertion: string): Buffer {
  const body = new URLSearchParams({ grant_type: JWT_BEARER, assertion }).toString();
  const head = [
    'POST /token HTTP/1.1',
    `Host: ${new URL(issuer).host}`,
    'Content-Type: application/x-www-form-urlencoded',
    `Content-Length: ${body.length}`,
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`, 'latin1');
}
