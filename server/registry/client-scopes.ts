import { holdsAdminScope, isAdminScope, isReserved, OPERATOR_SCOPE } from '../core/admin-scopes.ts';
import type { Client } from '../core/client.ts';
import { Fault, type FieldError } from '../core/fault.ts';
import type { OrganizationNumber } from '../core/organization.ts';
import type { Registers } from '../core/ports.ts';
import { isScopeName, type Scope } from '../core/scope.ts';

/** What decides which scopes a client may carry. */
export type ScopeHolder = Pick<Client, 'orgno' | 'supplierOrgno' | 'integrationType'>;

/**
 * Holds the scopes that a client shall carry against the rules. One that it carries already is not asked about, because it stays
 * when its access is withdrawn. Contract §5.2.5, §5.6
 * @param holder the client, with the scopes that it carries until now.
 * @throws {Fault} PV-601 with an error for every scope that may not be there
 */
export async function assertScopesAllowed(
  scopes: readonly string[],
  holder: ScopeHolder & Pick<Client, 'scopes'>,
  registers: Registers,
): Promise<void> {
  const fields: FieldError[] = [];
  for (const [place, scope] of scopes.entries()) {
    const message = holder.scopes.includes(scope) ? undefined : await flawOf(scope, holder, registers);
    if (message !== undefined) fields.push({ object: 'client', field: `scopes.${place}`, message });
  }
  if (fields.length > 0) throw new Fault('PV-601', { fields });
}

/** Why the client may not carry the scope. It is named where it has a scope's grammar, and only there. `PV-SEC-066` */
async function flawOf(name: string, holder: ScopeHolder, registers: Registers): Promise<string | undefined> {
  if (!isScopeName(name)) return 'is not a scope';
  if (isAdminScope(name)) return flawOfAdminScope(name, holder, registers);
  const scope = isReserved(name) ? undefined : await registers.scopes.find(name);
  if (!scope?.active || (scope.details.visibility === 'INTERNAL' && !(await isOperator(holder.orgno, registers))))
    return `${name} does not exist or is inactive`;
  const { allowedIntegrationTypes: types } = scope;
  if (types.length > 0 && !types.includes(holder.integrationType))
    return `${name} is for other integration types: ${types.join(', ')}`;
  return flawOfAccess(scope, holder, registers);
}

/** A supplier who held them on a customer's client could administer for the customer. Contract §5.6 */
async function flawOfAdminScope(
  name: Parameters<typeof holdsAdminScope>[1],
  { orgno, supplierOrgno }: ScopeHolder,
  registers: Registers,
): Promise<string | undefined> {
  if (supplierOrgno !== undefined) return `${name} is never for a client that a supplier made`;
  const organization = await registers.organizations.find(orgno);
  return holdsAdminScope(organization, name) ? undefined : `${name} has not been given to ${orgno} by the operator`;
}

/** One's own client may carry what can be delegated to it, access or not; a client made for a customer takes access of both. */
async function flawOfAccess(
  { name, accessibleForAll, delegationSource }: Scope,
  { orgno, supplierOrgno }: ScopeHolder,
  registers: Registers,
): Promise<string | undefined> {
  if (accessibleForAll || (delegationSource !== undefined && supplierOrgno === undefined)) return undefined;
  for (const organization of supplierOrgno === undefined ? [orgno] : [orgno, supplierOrgno]) {
    const access = await registers.accesses.find(name, organization);
    if (access?.state !== 'APPROVED') return `${name} is not granted to ${organization}`;
  }
  return undefined;
}

async function isOperator(orgno: OrganizationNumber, registers: Registers): Promise<boolean> {
  return holdsAdminScope(await registers.organizations.find(orgno), OPERATOR_SCOPE);
}
