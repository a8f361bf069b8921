import { z } from 'zod';
import { invalidField } from '../core/fault.ts';
import type { Scope } from '../core/scope.ts';
import { createScope, deactivateScope, ownScope, type ScopeAct, updateScope } from '../registry/scopes.ts';
import { booleanText, type Call, type Route, route } from './route.ts';
import { changedScopeShape, newScopeShape, scopeShape, scopeToWire } from './scope-shapes.ts';
import { inactiveQuery, scopeQuery } from './wire.ts';

const READ = ['idporten:scopes.read', 'idporten:scopes.write'] as const;
const WRITE = ['idporten:scopes.write'] as const;

const listQuery = inactiveQuery.extend({
  scope: scopeQuery.shape.scope.optional().meta({ description: 'answers this one alone' }),
});

const publicQuery = inactiveQuery.extend({
  prefix: z.string().optional(),
  delegated_sources: booleanText.optional().meta({ description: 'true: those that can be delegated' }),
  accessible_for_all: booleanText.optional().meta({ description: 'true: those that are open to all' }),
  integration_type: z.string().optional().meta({ description: 'those that this kind of client may carry, in any case' }),
});

/** Scopes of the own organisation, and the public list of all. Contract §5.5.1 */
export const scopeRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/scopes',
    manners: 'contract',
    scopes: READ,
    summary: 'The scopes of the own organisation, or the one that is named',
    query: listQuery,
    answer: z.union([z.array(scopeShape), scopeShape]),
    handle: async ({ registers, caller, query }: Call<z.infer<typeof listQuery>>) => {
      if (query.scope !== undefined) return scopeToWire(await ownScope(registers, query.scope, caller.orgno));
      const scopes = await registers.scopes.listOf(caller.orgno);
      return scopes.filter(({ active }) => active || query.inactive === true).map(scopeToWire);
    },
  }),
  route({
    method: 'POST',
    path: '/scopes',
    manners: 'contract',
    scopes: WRITE,
    summary: 'Register a scope under an own prefix',
    body: newScopeShape,
    answer: scopeShape,
    handle: async (call: Call<unknown, z.infer<typeof newScopeShape>>) =>
      call.change(async (changes) => scopeToWire(await createScope(changes, call.body, scopeAct(call)))),
  }),
  route({
    method: 'PUT',
    path: '/scopes',
    manners: 'contract',
    scopes: WRITE,
    summary: 'Replace what is said of a scope; with active true it is revived',
    query: scopeQuery,
    body: changedScopeShape,
    answer: scopeShape,
    handle: async (call: Call<z.infer<typeof scopeQuery>, z.infer<typeof changedScopeShape>>) =>
      call.change(async (changes) => {
        const before = await ownScope(changes, call.query.scope, call.caller.orgno);
        call.assertMatches(scopeToWire(before));
        assertKeepsName(before, call.body);
        return scopeToWire(await updateScope(changes, before, call.body.settings, scopeAct(call)));
      }),
  }),
  route({
    method: 'DELETE',
    path: '/scopes',
    manners: 'contract',
    scopes: WRITE,
    summary: 'Make a scope inactive',
    query: scopeQuery,
    answer: scopeShape,
    handle: async (call: Call<z.infer<typeof scopeQuery>>) =>
      call.change(async (changes) => {
        const before = await ownScope(changes, call.query.scope, call.caller.orgno);
        call.assertMatches(scopeToWire(before));
        return scopeToWire(await deactivateScope(changes, before, call));
      }),
  }),
  route({
    method: 'GET',
    path: '/scopes/scope',
    manners: 'contract',
    scopes: READ,
    summary: 'One scope of the own organisation',
    query: scopeQuery,
    answer: scopeShape,
    handle: async ({ registers, caller, query }: Call<z.infer<typeof scopeQuery>>) =>
      scopeToWire(await ownScope(registers, query.scope, caller.orgno)),
  }),
  route({
    method: 'GET',
    path: '/scopes/all',
    manners: 'contract',
    scopes: 'public',
    summary: 'All public scopes of all organisations',
    query: publicQuery,
    answer: z.array(scopeShape),
    handle: async ({ registers, query }: Call<z.infer<typeof publicQuery>>) =>
      (await registers.scopes.list()).filter((scope) => isWanted(scope, query)).map(scopeToWire),
  }),
];

function scopeAct(call: Call): ScopeAct {
  const { issuer, signingAlgorithms } = call.ports.settings;
  return { ...call, issuer, signingAlgorithms };
}

/** Contract §5.8: what cannot be changed may be sent as it is. */
function assertKeepsName(scope: Scope, sent: Pick<z.infer<typeof changedScopeShape>, 'prefix' | 'subscope'>): void {
  for (const member of ['prefix', 'subscope'] as const) {
    if (sent[member] !== undefined && sent[member] !== scope[member]) throw invalidField('scope', member, 'cannot be changed');
  }
}

/** Contract §5.5.1; the kind of client in any case, because clients write it in both. */
function isWanted(scope: Scope, query: z.infer<typeof publicQuery>): boolean {
  const type = query.integration_type?.toLowerCase();
  const types: readonly string[] = scope.allowedIntegrationTypes;
  return (
    (scope.details.visibility ?? 'PUBLIC') === 'PUBLIC' &&
    (scope.active || query.inactive === true) &&
    (query.prefix === undefined || scope.prefix === query.prefix) &&
    (query.accessible_for_all !== true || scope.accessibleForAll) &&
    (query.delegated_sources !== true || scope.delegationSource !== undefined) &&
    (type === undefined || types.length === 0 || types.includes(type))
  );
}
