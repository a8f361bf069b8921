import { OPERATOR_SCOPE } from '../core/admin-scopes.ts';
import { Fault, invalidField } from '../core/fault.ts';
import type { Changes, Organization } from '../core/ports.ts';
import { type Act, changeRecord } from './act.ts';

/** What the operator says of an organisation. */
export type OrganizationSettings = Pick<Organization, 'name' | 'active' | 'adminScopes'>;

/**
 * Registers an organisation. Own API, operator
 * @throws {Fault} PV-609 when it is registered already, PV-601
 */
export async function registerOrganization(
  changes: Changes,
  input: OrganizationSettings & Pick<Organization, 'orgno'>,
  act: Act,
): Promise<Organization> {
  if (await changes.organizations.find(input.orgno)) throw conflict('orgno', 'is registered already');
  assertOperatorStaysOne(input.adminScopes, []);
  const organization = { ...input, created: act.now, lastUpdated: act.now };
  await changes.organizations.put(organization);
  const subject = subjectOf(organization);
  await changes.audit.append(changeRecord('organization.created', { subject, after: organizationMembers(organization) }, act));
  return organization;
}

/**
 * Replaces what is said of an organisation. An inactive one gets no tokens, and its accesses rest.
 * @throws {Fault} PV-609 when the operator would lock itself out, PV-601
 */
export async function changeOrganization(
  changes: Changes,
  { before, settings }: { readonly before: Organization; readonly settings: OrganizationSettings },
  act: Act,
): Promise<Organization> {
  assertOperatorStaysOne(settings.adminScopes, before.adminScopes);
  const organization = { ...before, ...settings, lastUpdated: act.now };
  if (before.orgno === act.caller.orgno) assertStillOperates(organization);
  await changes.organizations.put(organization);
  const states = { before: organizationMembers(before), after: organizationMembers(organization) };
  await changes.audit.append(changeRecord('organization.changed', { subject: subjectOf(before), ...states }, act));
  return organization;
}

/** An organisation's members on the wire, besides its times. */
export function organizationMembers({ orgno, name, active, adminScopes }: Organization): {
  readonly orgno: string;
  readonly name: string;
  readonly active: boolean;
  readonly admin_scopes: readonly string[];
} {
  return { orgno, name, active, admin_scopes: adminScopes };
}

/** The operator's scope is held by the one that calls, and given to nobody else. */
function assertOperatorStaysOne(wished: readonly string[], held: readonly string[]): void {
  if (wished.includes(OPERATOR_SCOPE) && !held.includes(OPERATOR_SCOPE))
    throw invalidField('organization', 'admin_scopes', `may hold ${OPERATOR_SCOPE} for the operator alone`);
}

function assertStillOperates({ active, adminScopes }: Organization): void {
  if (!active) throw conflict('active', 'the operator cannot deactivate itself');
  if (!adminScopes.includes(OPERATOR_SCOPE))
    throw conflict('admin_scopes', `the operator cannot take ${OPERATOR_SCOPE} from itself`);
}

function subjectOf({ orgno }: Organization): string {
  return `organization/${orgno}`;
}

function conflict(field: string, message: string): Fault {
  return new Fault('PV-609', { fields: [{ object: 'organization', field, message }] });
}
