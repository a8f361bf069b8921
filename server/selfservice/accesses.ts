import { z } from 'zod';
import { Fault, invalidField } from '../core/fault.ts';
import { CANONICAL_NUMBER, isCanonicalNumber, type OrganizationNumber } from '../core/organization.ts';
import type { Registers } from '../core/ports.ts';
import { ACCESS_STATES, type Access, type Scope } from '../core/scope.ts';
import { grantAccess, withdrawAccess } from '../registry/accesses.ts';
import { ownScope } from '../registry/scopes.ts';
import { type OrganizationNames, organizationNames } from './organizations.ts';
import { type Call, type Route, route } from './route.ts';
import { inactiveQuery, instant, instantShape, orgnoShape, scopeQuery } from './wire.ts';

const READ = ['idporten:scopes.read', 'idporten:scopes.write'] as const;
const WRITE = ['idporten:scopes.write'] as const;

/** An access as the API shows it. Contract §5.5.3 */
export const accessShape = z
  .object({
    scope: z.string(),
    state: z.enum(ACCESS_STATES),
    owner_orgno: z.string(),
    owner_organization_name: z.string(),
    consumer_orgno: z.string(),
    consumer_organization_name: z.string(),
    created: instantShape,
    last_updated: instantShape,
  })
  .meta({ id: 'ScopeAccess' });

const givenQuery = inactiveQuery.extend({ scope: z.string().optional(), consumer_orgno: orgnoShape.optional() });
const receivedQuery = inactiveQuery.extend({
  integration_type: z.string().optional().meta({ description: 'those whose scope this kind of client may carry, in any case' }),
});

/** Who has been let in on which scope. Only what is approved opens anything, and stands in the lists. Contract §5.5.1, §5.5.3 */
export const accessRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/scopes/access',
    manners: 'contract',
    scopes: READ,
    summary: 'The accesses that the own organisation has given',
    query: givenQuery,
    answer: z.array(accessShape),
    handle: async ({ registers, caller, query }: Call<z.infer<typeof givenQuery>>) => {
      const { scope, consumer_orgno: consumerOrgno } = query;
      const filter = { ownerOrgno: caller.orgno, ...(scope !== undefined && { scope }), ...(consumerOrgno && { consumerOrgno }) };
      const accesses = (await registers.accesses.list(filter)).filter((access) => isListed(access, query));
      return showAccesses(accesses, () => caller.orgno, registers);
    },
  }),
  route({
    method: 'GET',
    path: '/scopes/access/all',
    manners: 'contract',
    scopes: READ,
    summary: 'The accesses that the own organisation has been given',
    query: receivedQuery,
    answer: z.array(accessShape),
    handle: async ({ registers, caller, query }: Call<z.infer<typeof receivedQuery>>) => {
      const listed = (await registers.accesses.list({ consumerOrgno: caller.orgno })).filter((access) => isListed(access, query));
      const found = await Promise.all(listed.map(({ scope }) => registers.scopes.find(scope)));
      const scopes = new Map(found.flatMap((scope) => (scope ? [[scope.name, scope]] : [])));
      const accesses = listed.filter(({ scope }) => admits(scopes.get(scope), query.integration_type));
      return showAccesses(accesses, ({ scope }) => scopes.get(scope)?.ownerOrgno ?? '', registers);
    },
  }),
  route({
    method: 'PUT',
    path: '/scopes/access/{consumer_orgno}',
    manners: 'contract',
    scopes: WRITE,
    summary: 'Let an organisation in on a scope',
    query: scopeQuery,
    answer: accessShape,
    handle: async (call: Call<z.infer<typeof scopeQuery>>) =>
      call.change(async (changes) => {
        const { scope, consumer, before } = await whatIsMeant(call, changes);
        call.assertMatches(before ? await showAccess(before, scope, changes) : {});
        const access = await grantAccess(changes, { scope, consumer, before }, call);
        return showAccess(access, scope, changes);
      }),
  }),
  route({
    method: 'DELETE',
    path: '/scopes/access/{consumer_orgno}',
    manners: 'contract',
    scopes: WRITE,
    summary: "Withdraw an organisation's access to a scope",
    query: scopeQuery,
    answer: accessShape,
    handle: async (call: Call<z.infer<typeof scopeQuery>>) =>
      call.change(async (changes) => {
        const { scope, before } = await whatIsMeant(call, changes);
        if (!before) throw new Fault('PV-604');
        call.assertMatches(await showAccess(before, scope, changes));
        return showAccess(await withdrawAccess(changes, before, call), scope, changes);
      }),
  }),
];

/** The own scope and the consumer that the address names, and its access as it is. @throws {Fault} PV-601, PV-604 */
export async function whatIsMeant(
  { params, query, caller }: Call<z.infer<typeof scopeQuery>>,
  registers: Registers,
): Promise<{ readonly scope: Scope; readonly consumer: OrganizationNumber; readonly before: Access | undefined }> {
  const { consumer_orgno: consumer = '' } = params;
  if (!isCanonicalNumber(consumer))
    throw invalidField('access', 'consumer_orgno', `must be an organisation number: ${CANONICAL_NUMBER}`);
  const scope = await ownScope(registers, query.scope, caller.orgno);
  return { scope, consumer, before: await registers.accesses.find(scope.name, consumer) };
}

/** An access to the scope as it is answered. */
export async function showAccess(
  access: Access,
  { ownerOrgno }: Scope,
  registers: Registers,
): Promise<z.infer<typeof accessShape>> {
  return toWire(access, ownerOrgno, await organizationNames([ownerOrgno, access.consumerOrgno], registers));
}

async function showAccesses(
  accesses: readonly Access[],
  ownerOf: (access: Access) => OrganizationNumber,
  registers: Registers,
): Promise<object[]> {
  const names = await organizationNames(
    accesses.flatMap((access) => [ownerOf(access), access.consumerOrgno]),
    registers,
  );
  return accesses.map((access) => toWire(access, ownerOf(access), names));
}

function toWire(
  { scope, state, consumerOrgno, created, lastUpdated }: Access,
  owner: OrganizationNumber,
  names: OrganizationNames,
): z.infer<typeof accessShape> {
  return {
    scope,
    state,
    owner_orgno: owner,
    owner_organization_name: names.get(owner) ?? '',
    consumer_orgno: consumerOrgno,
    consumer_organization_name: names.get(consumerOrgno) ?? '',
    created: instant(created),
    last_updated: instant(lastUpdated),
  };
}

function isListed({ state }: Access, { inactive }: z.infer<typeof inactiveQuery>): boolean {
  return state === 'APPROVED' || inactive === true;
}

function admits(scope: Scope | undefined, type: string | undefined): boolean {
  const types: readonly string[] = scope?.allowedIntegrationTypes ?? [];
  return type === undefined || types.length === 0 || types.includes(type.toLowerCase());
}
