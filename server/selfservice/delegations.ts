import { z } from 'zod';
import { DELEGATION_STATES, type Delegation, delegationState } from '../core/delegation.ts';
import type { MissedDelegation, Registers } from '../core/ports.ts';
import { MAX_SCOPES } from '../core/scope.ts';
import type { EpochSeconds } from '../core/time.ts';
import { checkDelegation } from '../registry/delegation-check.ts';
import {
  type DelegationWish,
  delegationOfParty,
  endDelegation,
  giveDelegation,
  listDelegations,
} from '../registry/delegations.ts';
import { pageQuery, readPage, takePage } from './paging.ts';
import { type Call, type Route, route } from './route.ts';
import { inactiveQuery, instant, instantShape, momentShape, orgnoShape, reasonShape, scopeNameShape } from './wire.ts';

const WRITE = ['portvakt:delegations.write'] as const;
/** Any of these opens the reading of delegations. */
export const READ_DELEGATIONS = ['portvakt:delegations.read', ...WRITE] as const;

const newDelegation = z
  .strictObject({
    supplier_orgno: orgnoShape,
    scopes: z
      .array(scopeNameShape)
      .min(1, 'must name a scope')
      .max(MAX_SCOPES, `must name at most ${MAX_SCOPES} scopes`)
      .refine((names) => new Set(names).size === names.length, 'must name each scope once')
      .meta({ uniqueItems: true, description: 'each active, with this server as its delegation source' }),
    valid_from: momentShape.optional().meta({ description: 'from the beginning unless told' }),
    valid_to: momentShape.optional().meta({ description: 'until it is revoked unless told' }),
    reason: reasonShape.optional(),
  })
  .meta({ id: 'NewDelegation' });

const delegationShape = z
  .object({
    id: z.uuid(),
    consumer_orgno: z.string(),
    supplier_orgno: z.string(),
    scopes: z.array(z.string()).meta({ description: 'an owner sees its own' }),
    valid_from: instantShape.optional(),
    valid_to: instantShape.optional(),
    state: z.enum(DELEGATION_STATES),
    reason: z.string().optional().meta({ description: "the consumer's; between the parties" }),
    created: instantShape,
    last_updated: instantShape,
  })
  .meta({ id: 'Delegation' });

const listQuery = pageQuery.extend({
  ...inactiveQuery.shape,
  direction: z
    .enum(['given', 'received', 'on_my_scopes'])
    .optional()
    .meta({ description: 'on_my_scopes: as the owner of the scopes; unless told, those given and those received' }),
  scope: scopeNameShape.optional(),
  supplier_orgno: orgnoShape.optional(),
  consumer_orgno: orgnoShape.optional(),
});

const checkQuery = z.object({ consumer_orgno: orgnoShape, supplier_orgno: orgnoShape, scope: scopeNameShape });

const checkShape = z
  .object({
    allowed: z.boolean(),
    code: z.string().optional().meta({ description: 'with which the token endpoint would refuse' }),
    reason: z.string(),
  })
  .meta({ id: 'DelegationCheck' });

const missingShape = z
  .object({ consumer_orgno: z.string(), scope: z.string(), times: z.int().min(1), last_asked: instantShape })
  .meta({ id: 'MissingDelegation' });

/** What consumers have given suppliers. Own API, delegations */
export const delegationRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/delegations',
    manners: 'own',
    scopes: READ_DELEGATIONS,
    summary: 'Delegations in force or to come; with inactive=true all',
    query: listQuery,
    answer: z.array(delegationShape),
    handle: listFor,
  }),
  route({
    method: 'POST',
    path: '/delegations',
    manners: 'own',
    scopes: WRITE,
    summary: 'Let a supplier fetch tokens for the own organisation',
    body: newDelegation,
    answer: delegationShape,
    handle: async (call: Call<unknown, z.infer<typeof newDelegation>>) =>
      call.change(async (changes) => {
        const { issuer } = call.ports.settings;
        const act = { ...call, issuer, random: call.ports.random };
        return toWire(await giveDelegation(changes, wishOf(call.body), act), call.now);
      }),
  }),
  route({
    method: 'GET',
    path: '/delegations/check',
    manners: 'own',
    scopes: READ_DELEGATIONS,
    summary: 'Whether a supplier would get a token in the name of a consumer',
    query: checkQuery,
    answer: checkShape,
    handle: async ({ caller, query, ports, registers, now }: Call<z.infer<typeof checkQuery>>) => {
      const { scope, consumer_orgno: consumerOrgno, supplier_orgno: supplierOrgno } = query;
      const witnesses = { registers, authorities: ports.authorities, now };
      const { code, reason } = await checkDelegation(witnesses, { scope, consumerOrgno, supplierOrgno }, caller);
      return { allowed: code === undefined, ...(code !== undefined && { code }), reason };
    },
  }),
  route({
    method: 'GET',
    path: '/delegations/missing',
    manners: 'own',
    scopes: READ_DELEGATIONS,
    summary: 'What the own organisation, as a supplier, asked tokens for in vain: figures, some seconds old',
    query: pageQuery,
    answer: z.array(missingShape),
    handle: async (call: Call<z.infer<typeof pageQuery>>) =>
      takePage(call, await missingOf(call), {
        key: ({ consumerOrgno, scope }) => `${consumerOrgno} ${scope}`,
        show: ({ consumerOrgno, scope, times, lastAsked }) => ({
          ...{ consumer_orgno: consumerOrgno, scope, times, last_asked: instant(lastAsked) },
        }),
      }),
  }),
  route({
    method: 'GET',
    path: '/delegations/{id}',
    manners: 'own',
    scopes: READ_DELEGATIONS,
    summary: 'A delegation, for its two parties',
    answer: delegationShape,
    handle: async (call) => toWire(await delegationOf(call, call.registers), call.now),
  }),
  route({
    method: 'DELETE',
    path: '/delegations/{id}',
    manners: 'own',
    scopes: WRITE,
    summary: 'Revoke a delegation, or as the supplier give it back',
    answer: delegationShape,
    handle: async (call) =>
      call.change(async (changes) => {
        const before = await delegationOf(call, changes);
        call.assertMatches(toWire(before, call.now));
        return toWire(await endDelegation(changes, before, call), call.now);
      }),
  }),
];

async function listFor(call: Call<z.infer<typeof listQuery>>) {
  const { registers, caller, now, query } = call;
  const { direction, scope, inactive, supplier_orgno: supplierOrgno, consumer_orgno: consumerOrgno } = query;
  const choice = {
    ...(scope !== undefined && { scope }),
    ...(supplierOrgno !== undefined && { supplierOrgno }),
    ...(consumerOrgno !== undefined && { consumerOrgno }),
    ...(inactive !== true && { notOverAt: now }),
  };
  const own = direction === 'on_my_scopes' ? await scopesOf(caller.orgno, registers) : undefined;
  return readPage(call, (part) => listDelegations(registers, { orgno: caller.orgno, direction }, { ...choice, ...part }), {
    key: ({ id }) => id,
    show: (delegation) => (own ? showOwner(delegation, own, now) : toWire(delegation, now)),
  });
}

/** Without what has been delegated here since. */
async function missingOf({ ports, registers, caller, now }: Call<unknown>): Promise<readonly MissedDelegation[]> {
  const asked = await ports.storage.missedDelegations.listOfSupplier(caller.orgno);
  const given = await Promise.all(asked.map((missed) => registers.delegations.inForce(missed, now)));
  return asked.filter((_, place) => !given[place]);
}

async function scopesOf(owner: string, { scopes }: Registers): Promise<ReadonlySet<string>> {
  return new Set((await scopes.listOf(owner)).map(({ name }) => name));
}

/** What else it holds, and why, is between its parties. `PV-SEC-083` */
function showOwner({ reason: _, ...delegation }: Delegation, own: ReadonlySet<string>, now: EpochSeconds): object {
  return toWire({ ...delegation, scopes: delegation.scopes.filter((scope) => own.has(scope)) }, now);
}

async function delegationOf({ params, caller }: Call, registers: Registers): Promise<Delegation> {
  return delegationOfParty(registers, params.id ?? '', caller.orgno);
}

function wishOf({ supplier_orgno, scopes, valid_from, valid_to, reason }: z.infer<typeof newDelegation>): DelegationWish {
  return { supplierOrgno: supplier_orgno, scopes, validFrom: valid_from, validTo: valid_to, reason };
}

function toWire(delegation: Delegation, now: EpochSeconds): z.infer<typeof delegationShape> {
  const { id, consumerOrgno, supplierOrgno, scopes, validFrom, validTo, reason, created, lastUpdated } = delegation;
  return {
    ...{ id, consumer_orgno: consumerOrgno, supplier_orgno: supplierOrgno, scopes: [...scopes] },
    ...(validFrom !== undefined && { valid_from: instant(validFrom) }),
    ...(validTo !== undefined && { valid_to: instant(validTo) }),
    state: delegationState(delegation, now),
    ...(reason !== undefined && { reason }),
    ...{ created: instant(created), last_updated: instant(lastUpdated) },
  };
}
