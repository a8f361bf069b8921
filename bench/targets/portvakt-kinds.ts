import { randomInt } from 'node:crypto';
import { type Credentials, ORGANIZATIONS } from '../../fixtures/made-up-world.ts';
import type { LoadedServer } from '../../proving/portvakt.ts';
import type { AssertionOrder, Presigner } from '../../proving/presigner.ts';
import { tokenRequest } from '../../proving/token-request.ts';
import { JWT_BEARER } from '../../server/core/token-request.ts';
import { consumersOf, type DelegationOrder } from './delegations.ts';
import type { Target } from './target.ts';

/** A closed scope of the made-up world, so that each token needs an access row. */
export const SCOPE = 'prove:bygg.read';

/** Code of the refusal of a spent assertion. Contract §4.6 */
export const REPLAYED = 'MP-012';

/** What is measured, under the names that the table gives it: a client of the made-up world, for itself or in others' names. */
const KINDS = [
  { name: 'kid', client: 'demo-consumer' },
  { name: 'x5c', client: 'demo-chain' },
  { name: 'delegated', client: 'demo-supplier', actsForOthers: true },
] as const;

/** The register of delegations that the measured supplier acts by. */
export function delegationsTo(delegations: number): DelegationOrder {
  return { scope: SCOPE, supplierOrgno: ORGANIZATIONS.supplier.orgno, delegations };
}

/** The kinds of request to one Portvakt with the made-up world and these delegations. */
export function portvaktKinds(
  server: LoadedServer,
  presigner: Presigner,
  { clients, order }: { readonly clients: readonly Credentials[]; readonly order: DelegationOrder },
): readonly [Target, ...Target[]] {
  const consumers = consumersOf(order);
  const [kid, ...others] = KINDS.map(({ name, client, ...kind }): Target => {
    const asked = { ...credentials(clients, client), audience: server.issuer, scope: SCOPE };
    const next = (): AssertionOrder => ('actsForOthers' in kind ? { ...asked, claims: inNameOfOne(consumers) } : asked);
    return portvaktTarget(name, { server, presigner, next });
  });
  if (!kid) throw new RangeError('no kinds of request');
  return [kid, ...others];
}

/** @param asked.next what the next assertion says. */
export function portvaktTarget(
  name: string,
  {
    server,
    presigner,
    next,
  }: { readonly server: LoadedServer; readonly presigner: Presigner; readonly next: () => AssertionOrder },
): Target {
  return {
    ...{ name, server, replayIs: REPLAYED },
    requests: async (count) => {
      const assertions = await presigner.sign(Array.from({ length: count }, next));
      return assertions.map((assertion) => tokenRequest(server.issuer, { grant_type: JWT_BEARER, assertion }));
    },
  };
}

function inNameOfOne(consumers: readonly string[]): { readonly consumer_org: string | undefined } {
  return { consumer_org: consumers[randomInt(consumers.length)] };
}

/** What a client of the made-up world signs with. */
export function credentials(
  clients: readonly Credentials[],
  name: string,
): Pick<Credentials, 'clientId' | 'key' | 'kid' | 'x5c'> {
  const client = clients.find((candidate) => candidate.name === name);
  if (!client) throw new Error(`no client ${name} in the made-up world`);
  const { clientId, key, kid, x5c } = client;
  return { clientId, key, ...(kid !== undefined && { kid }), ...(x5c !== undefined && { x5c }) };
}
