import { z } from 'zod';
import type { Prefix, Registers } from '../core/ports.ts';
import { type Call, type Route, route } from './route.ts';
import { inactiveQuery, instant, instantShape, orgnoShape } from './wire.ts';

/** A prefix as the API shows it. Contract §5.5.4 */
export const prefixShape = z
  .object({
    prefix: z.string(),
    owner_orgno: orgnoShape,
    organization_name: z.string(),
    active: z.boolean(),
    created: instantShape,
    last_updated: instantShape,
  })
  .meta({ id: 'ScopePrefix' });

/** Reading prefixes; the operator hands them out: operator-prefixes.ts. Contract §5.5.1 */
export const prefixRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/prefix',
    manners: 'contract',
    scopes: ['idporten:scopes.read', 'idporten:scopes.write'],
    summary: 'The prefixes of the own organisation',
    answer: z.array(prefixShape),
    handle: async ({ registers, caller }) => show(registers, (prefix) => prefix.active && prefix.ownerOrgno === caller.orgno),
  }),
  route({
    method: 'GET',
    path: '/prefix/all',
    manners: 'contract',
    scopes: 'public',
    summary: 'All prefixes',
    query: inactiveQuery,
    answer: z.array(prefixShape),
    handle: async ({ registers, query }: Call<z.infer<typeof inactiveQuery>>) =>
      show(registers, ({ active }) => active || query.inactive === true),
  }),
];

async function show(registers: Registers, wanted: (prefix: Prefix) => boolean): Promise<object[]> {
  const prefixes = (await registers.prefixes.list()).filter(wanted);
  return Promise.all(prefixes.map((prefix) => toWire(prefix, registers)));
}

/** The prefix with its owner's name. */
export async function toWire(prefix: Prefix, registers: Registers): Promise<z.infer<typeof prefixShape>> {
  const owner = await registers.organizations.find(prefix.ownerOrgno);
  return {
    prefix: prefix.prefix,
    owner_orgno: prefix.ownerOrgno,
    organization_name: owner?.name ?? '',
    active: prefix.active,
    created: instant(prefix.created),
    last_updated: instant(prefix.lastUpdated),
  };
}
