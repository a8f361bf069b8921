import type { Organization } from './ports.ts';
import type { Scope } from './scope.ts';
import { CONTRACT_ALGORITHM } from './signing-algorithm.ts';

/** Prefixes that are nobody's: their scopes are fixed, and held only through an organisation's `admin_scopes`. */
export const RESERVED_PREFIXES: readonly string[] = ['portvakt', 'idporten', 'altinn'];

/**
 * The scopes of this server's own APIs: the self-service API's (contract §5.1.2) and ours. An organisation's clients may hold
 * those that the operator has given the organisation.
 */
export const ADMIN_SCOPES = [
  'idporten:dcr.read',
  'idporten:dcr.modify',
  'idporten:dcr.write',
  'idporten:dcr/onbehalfof:write',
  'idporten:dcr/onbehalfof.write',
  'idporten:dcr.supplier',
  'idporten:scopes.read',
  'idporten:scopes.write',
  'portvakt:operator',
  'portvakt:delegations.read',
  'portvakt:delegations.write',
  'portvakt:systems.read',
  'portvakt:systems.write',
  'portvakt:consents.read',
  'portvakt:consents.write',
  'portvakt:consents.front',
  'altinn:maskinporten/delegations.admin',
  'altinn:maskinporten/delegations',
  'altinn:maskinporten/systemuser.read',
  'altinn:maskinporten/consent.read',
  'portvakt:explanations',
  'portvakt:audit.read',
  'portvakt:statistics.read',
] as const;

export type AdminScope = (typeof ADMIN_SCOPES)[number];

/** Everything under `/operator`; held by the operator's organisation alone. */
export const OPERATOR_SCOPE: AdminScope = 'portvakt:operator';

/** Whether the text is one of the fixed scopes. */
export function isAdminScope(name: string): name is AdminScope {
  return (ADMIN_SCOPES as readonly string[]).includes(name);
}

/** Whether the scope stands under a reserved prefix, existing or not. */
export function isReserved(scope: string): boolean {
  return RESERVED_PREFIXES.includes(scope.slice(0, scope.indexOf(':')));
}

/** What the rules of tokens ask of a scope. */
export type ScopeRules = Pick<
  Scope,
  | 'name'
  | 'active'
  | 'accessibleForAll'
  | 'allowedIntegrationTypes'
  | 'atMaxAge'
  | 'delegationSource'
  | 'enforcedAudience'
  | 'requiresQualifiedSeal'
  | 'signingAlgorithm'
>;

/** A fixed scope as the rules of tokens see it: closed, open to every kind of client, and for tokens as this server reads them. */
export function adminScopeRules(name: AdminScope): ScopeRules {
  const signingAlgorithm = CONTRACT_ALGORITHM;
  return { name, active: true, accessibleForAll: false, allowedIntegrationTypes: [], atMaxAge: 0, signingAlgorithm };
}

/** Whether the organisation may hold the fixed scope. */
export function holdsAdminScope(organization: Organization | undefined, name: AdminScope): boolean {
  return organization?.active === true && organization.adminScopes.includes(name);
}
