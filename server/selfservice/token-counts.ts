import { z } from 'zod';
import type { AdminScope } from '../core/admin-scopes.ts';
import type { Client } from '../core/client.ts';
import { Fault } from '../core/fault.ts';
import type { OrganizationNumber } from '../core/organization.ts';
import type { TokenCount } from '../core/ports.ts';
import { visibleClient, visibleClients } from '../registry/client-rights.ts';
import { ownScope } from '../registry/scopes.ts';
import { READ_CLIENTS } from './clients.ts';
import { pageQuery, takePage } from './paging.ts';
import { type Call, type Route, route } from './route.ts';
import { instant, instantShape } from './wire.ts';

const READ_SCOPES = ['idporten:scopes.read', 'idporten:scopes.write'] as const satisfies readonly AdminScope[];

const countsQuery = pageQuery.extend({
  client_id: z.string().optional().meta({ description: 'of this client alone' }),
  scope: z.string().optional().meta({ description: 'of this scope of the own organisation, by consumer and supplier' }),
  of: z.enum(['clients', 'scopes']).optional().meta({ description: 'scopes: of every own scope, summed up' }),
});

const countShape = z
  .object({
    client_id: z.string().exactOptional().meta({ description: 'an own client; an owner sees organisations alone' }),
    consumer_orgno: z.string().exactOptional().meta({ description: 'whom the tokens were for; absent in sums' }),
    supplier_orgno: z.string().exactOptional().meta({ description: 'who fetched them, where that was another organisation' }),
    scope: z.string(),
    tokens: z.int().min(0).meta({ description: 'since the counting began' }),
    last_token: instantShape,
  })
  .meta({ id: 'TokenCount' });

/**
 * How many tokens have been issued: to the own clients, or with a scope of the own organisation. Plain figures, some seconds old.
 * Own API, token counts
 */
export const tokenCountRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/token-counts',
    manners: 'own',
    scopes: [...READ_CLIENTS, ...READ_SCOPES],
    summary: 'How many tokens the own clients have got, or how many there were with an own scope, and when the last',
    query: countsQuery,
    answer: z.array(countShape),
    handle: async (call: Call<z.infer<typeof countsQuery>>) => {
      const counts = await countsFor(call);
      return takePage(call, counts, { key, show });
    },
  }),
];

/** Counts by client, or for an owner by the organisations that take part, or of everybody. */
type Count = Omit<TokenCount, 'clientId' | 'consumerOrgno'> &
  Partial<Pick<TokenCount, 'clientId' | 'consumerOrgno'>> & { readonly supplierOrgno?: OrganizationNumber };

function key({ clientId, consumerOrgno, supplierOrgno, scope }: Count): string {
  return [clientId ?? '', scope, consumerOrgno ?? '', supplierOrgno ?? ''].join(' ');
}

async function countsFor(call: Call<z.infer<typeof countsQuery>>): Promise<readonly Count[]> {
  const { scope, of } = call.query;
  if (scope !== undefined) return ofScope(call, scope);
  return of === 'scopes' ? ofScopes(call) : ofClients(call);
}

async function ofScopes({ caller, ports }: Call<z.infer<typeof countsQuery>>): Promise<readonly Count[]> {
  assertOpens({ caller }, READ_SCOPES);
  return ports.storage.tokenCounts.sumOfScopes(caller.orgno);
}

async function ofClients(call: Call<z.infer<typeof countsQuery>>): Promise<readonly Count[]> {
  const { registers, caller, query, ports } = call;
  assertOpens(call, READ_CLIENTS);
  const clients =
    query.client_id === undefined
      ? await visibleClients(registers, caller, { inactive: true })
      : [await visibleClient(registers, query.client_id, caller)];
  const counts = clients.map(async (client) =>
    (await ports.storage.tokenCounts.listOfClient(client.clientId)).map((count) => ({ ...count, ...supplierOf(client, count) })),
  );
  return (await Promise.all(counts)).flat();
}

/** Who fetched them, where it was not the consumer itself: by a delegation, or with a client that it made for the consumer. */
function supplierOf(
  client: Pick<Client, 'orgno' | 'supplierOrgno'> | undefined,
  { consumerOrgno }: TokenCount,
): Pick<Count, 'supplierOrgno'> {
  const supplierOrgno = client?.supplierOrgno ?? (client?.orgno === consumerOrgno ? undefined : client?.orgno);
  return supplierOrgno === undefined ? {} : { supplierOrgno };
}

/** Summed up by consumer and supplier: which clients an organisation has is its own business. `PV-SEC-083` */
async function ofScope(call: Call<z.infer<typeof countsQuery>>, name: string): Promise<readonly Count[]> {
  const { registers, caller, ports } = call;
  assertOpens(call, READ_SCOPES);
  const { name: scope } = await ownScope(registers, name, caller.orgno);
  const sums = new Map<string, Count>();
  for (const { clientId, ...count } of await ports.storage.tokenCounts.listOfScope(scope)) {
    const of: Count = { ...count, ...supplierOf(await registers.clients.find(clientId), { clientId, ...count }) };
    const before = sums.get(key(of));
    const last = Math.max(of.lastToken, before?.lastToken ?? 0);
    sums.set(key(of), { ...of, tokens: of.tokens + (before?.tokens ?? 0), lastToken: last });
  }
  return [...sums.values()].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** @throws {Fault} PV-641 where the token opens the other half alone */
function assertOpens({ caller }: Pick<Call, 'caller'>, accepted: readonly AdminScope[]): void {
  if (accepted.some((scope) => caller.scopes.includes(scope))) return;
  throw new Fault('PV-641', { say: { scopes: accepted.join(', ') }, expected: accepted.join(' or ') });
}

function show({ clientId, consumerOrgno, supplierOrgno, scope, tokens, lastToken }: Count): object {
  return {
    ...(clientId !== undefined && { client_id: clientId }),
    ...(consumerOrgno !== undefined && { consumer_orgno: consumerOrgno }),
    ...(supplierOrgno !== undefined && { supplier_orgno: supplierOrgno }),
    ...{ scope, tokens, last_token: instant(lastToken) },
  };
}
