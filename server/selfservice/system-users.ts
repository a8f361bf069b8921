import { z } from 'zod';
import type { Registers } from '../core/ports.ts';
import { SYSTEM_USER_STATES, type SystemUser } from '../core/system-user.ts';
import {
  approveSystemUser,
  requestSystemUser,
  revokeSystemUser,
  systemUserOfParty,
  systemUsersOf,
} from '../registry/system-users.ts';
import { pageQuery, takePage } from './paging.ts';
import { type Call, type Route, route } from './route.ts';
import { inactiveQuery, instant, instantShape, nameShape, orgnoShape } from './wire.ts';

const WRITE = ['portvakt:systems.write'] as const;
const READ = ['portvakt:systems.read', ...WRITE] as const;

const newSystemUser = z
  .strictObject({
    system_id: z.string().min(1, 'must name a system').meta({ description: 'one of the vendor who asks' }),
    customer_orgno: orgnoShape,
    external_ref: nameShape
      .optional()
      .meta({ description: "tells several of one customer apart; the customer's number unless told" }),
  })
  .meta({ id: 'NewSystemUser' });

const systemUserShape = z
  .object({
    id: z.uuid(),
    system_id: z.string(),
    customer_orgno: z.string(),
    external_ref: z.string(),
    state: z.enum(SYSTEM_USER_STATES),
    created: instantShape,
    last_updated: instantShape,
  })
  .meta({ id: 'SystemUser' });

const listQuery = pageQuery.extend({
  ...inactiveQuery.shape,
  role: z.enum(['vendor', 'customer']).optional().meta({ description: 'of the own organisation; both unless told' }),
});

/** What customers let vendors' systems act as. Own API, system users */
export const systemUserRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/systemusers',
    manners: 'own',
    scopes: READ,
    summary: 'System users that are asked for or active; with inactive=true all',
    query: listQuery,
    answer: z.array(systemUserShape),
    handle: async (call: Call<z.infer<typeof listQuery>>) => {
      const { registers, caller, query } = call;
      const users = await systemUsersOf(registers, { orgno: caller.orgno, role: query.role });
      const listed = users.filter(({ state }) => state !== 'REVOKED' || query.inactive === true);
      return takePage(call, listed, { key: ({ id }) => id, show: toWire });
    },
  }),
  route({
    method: 'POST',
    path: '/systemusers',
    manners: 'own',
    scopes: WRITE,
    summary: 'Ask a customer for a system user',
    body: newSystemUser,
    answer: systemUserShape,
    handle: async (call: Call<unknown, z.infer<typeof newSystemUser>>) =>
      call.change(async (changes) => {
        const { system_id: systemId, customer_orgno: customerOrgno, external_ref: externalRef } = call.body;
        const wish = { systemId, customerOrgno, ...(externalRef !== undefined && { externalRef }) };
        return toWire(await requestSystemUser(changes, wish, { ...call, random: call.ports.random }));
      }),
  }),
  route({
    method: 'GET',
    path: '/systemusers/{id}',
    manners: 'own',
    scopes: READ,
    summary: 'A system user, for vendor and customer',
    answer: systemUserShape,
    handle: async (call) => toWire(await systemUserOf(call, call.registers)),
  }),
  route({
    method: 'POST',
    path: '/systemusers/{id}/approve',
    manners: 'own',
    scopes: WRITE,
    summary: 'Approve a system user, as the customer',
    answer: systemUserShape,
    handle: async (call) =>
      call.change(async (changes) => toWire(await approveSystemUser(changes, await systemUserOf(call, changes), call))),
  }),
  route({
    method: 'POST',
    path: '/systemusers/{id}/revoke',
    manners: 'own',
    scopes: WRITE,
    summary: 'Revoke a system user, as either party',
    answer: systemUserShape,
    handle: async (call) =>
      call.change(async (changes) => toWire(await revokeSystemUser(changes, await systemUserOf(call, changes), call))),
  }),
];

async function systemUserOf({ params, caller }: Call, registers: Registers): Promise<SystemUser> {
  return systemUserOfParty(registers, params.id ?? '', caller.orgno);
}

function toWire({ id, systemId, customerOrgno, externalRef, state, created, lastUpdated }: SystemUser): object {
  return {
    ...{ id, system_id: systemId, customer_orgno: customerOrgno, external_ref: externalRef, state },
    ...{ created: instant(created), last_updated: instant(lastUpdated) },
  };
}
