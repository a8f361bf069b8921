import { randomInt } from 'node:crypto';
import { type Credentials, makeWorld, ORGANIZATIONS } from '../fixtures/made-up-world.ts';
import { JWT_BEARER } from '../server/core/token-request.ts';
import { consumersOf } from './delegations.ts';
import type { FetchedList } from './fetched-list.ts';
import { type MeasuredServer, startMeasured } from './measured-server.ts';
import type { Installed } from './portvakt-server.ts';
import type { AssertionOrder, Presigner } from './presigner.ts';

/** One kind of request to one server: a line of the table. */
export type Target = {
  readonly name: string;
  readonly server: MeasuredServer;
  /** So many requests that each deserve a token, whole HTTP messages, signed now. */
  requests(count: number): Promise<Uint8Array[]>;
};

/** A closed scope, so that each token needs an access row. */
const SCOPE = 'prove:bygg.read';

/** What is measured, under the names that the table gives it: a client of the made-up world, for itself or in others' names. */
const KINDS = [
  { name: 'kid', client: 'demo-consumer' },
  { name: 'x5c', client: 'demo-chain' },
  { name: 'delegated', client: 'demo-supplier', actsForOthers: true },
] as const;

/** In the names of how many consumers, picked at random, a load asks. */
const CONSUMERS_ASKED = 100;

/**
 * Starts Portvakt on the embedded store with the made-up world and a register of delegations; its targets share the one server.
 * @param delegations in the register.
 * @param list that the server loads whenever its work is asked for.
 */
export async function startPortvakt(
  presigner: Presigner,
  delegations: number,
  list?: FetchedList,
): Promise<{ server: MeasuredServer; targets: Target[] }> {
  const { world, clients } = await makeWorld({ now: Date.now() / 1000 });
  const order = { scope: SCOPE, supplierOrgno: ORGANIZATIONS.supplier.orgno, delegations };
  const installed: Installed = { world, order, ...(list && { list }) };
  const server = await startMeasured(new URL('portvakt-server.ts', import.meta.url), installed);
  const consumers = consumersOf(order);
  const targets = KINDS.map(({ name, client, ...kind }): Target => {
    const asked = { ...credentials(clients, client), audience: server.issuer, scope: SCOPE };
    const inNamesOf = 'actsForOthers' in kind ? consumers : undefined;
    return {
      name,
      server,
      requests: async (count) =>
        (await assertions(presigner, { asked, count, ...(inNamesOf && { inNamesOf }) })).map((assertion) =>
          tokenRequest(server.issuer, assertion),
        ),
    };
  });
  return { server, targets };
}

type Wanted = {
  readonly asked: AssertionOrder;
  readonly count: number;
  readonly inNamesOf?: readonly string[];
};

async function assertions(presigner: Presigner, { asked, count, inNamesOf }: Wanted): Promise<string[]> {
  if (!inNamesOf) return presigner.sign(asked, count);
  const signed: string[] = [];
  const share = Math.ceil(count / CONSUMERS_ASKED);
  while (signed.length < count) {
    const consumer_org = inNamesOf[randomInt(inNamesOf.length)];
    signed.push(...(await presigner.sign({ ...asked, claims: { consumer_org } }, Math.min(share, count - signed.length))));
  }
  return signed;
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
