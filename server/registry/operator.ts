import { type AdminScope, OPERATOR_SCOPE } from '../core/admin-scopes.ts';
import type { Client, RegisteredKey } from '../core/client.ts';
import type { OrganizationNumber } from '../core/organization.ts';
import type { Changes, Organization, Registers } from '../core/ports.ts';
import type { EpochSeconds } from '../core/time.ts';
import { clientState } from './clients.ts';
import { organizationMembers } from './organizations.ts';

/** What the operator's first client may administer: everybody's registration, and its own organisation's clients. */
export const OPERATOR_SCOPES: readonly AdminScope[] = [
  OPERATOR_SCOPE,
  'idporten:dcr.read',
  'idporten:dcr.write',
  'idporten:dcr.modify',
  'portvakt:explanations',
  'portvakt:audit.read',
];

/** The organisation that operates the server, if there is one. */
export async function findOperator({
  organizations,
}: {
  readonly organizations: Pick<Registers['organizations'], 'list'>;
}): Promise<Organization | undefined> {
  return (await organizations.list()).find(({ adminScopes }) => adminScopes.includes(OPERATOR_SCOPE));
}

/** Who shall operate the server. */
export type NewOperator = {
  readonly orgno: OrganizationNumber;
  readonly name: string;
  readonly clientId: string;
  readonly key: RegisteredKey;
  readonly now: EpochSeconds;
  readonly correlationId: string;
};

/**
 * Makes the operator's organisation, or gives one that is registered already what an operator needs, and its first client. Its
 * audit record names the host as what acted: nobody could log in yet. `PV-SEC-090`, `PV-SEC-092`
 * @returns them, unless there is an operator: there is one, and it is made once.
 */
export async function makeOperator(
  changes: Changes,
  { orgno, name, clientId, key, now, correlationId }: NewOperator,
): Promise<{ readonly organization: Organization; readonly client: Client } | undefined> {
  if (await findOperator(changes)) return undefined;
  const before = await changes.organizations.find(orgno);
  const adminScopes = [...new Set([...(before?.adminScopes ?? []), ...OPERATOR_SCOPES])];
  const organization = { name, created: now, ...before, orgno, active: true, adminScopes, lastUpdated: now };
  const client: Client = {
    ...{ clientId, name: 'operator', orgno, active: true, integrationType: 'maskinporten', scopes: OPERATOR_SCOPES },
    ...{ accessTokenLifetime: 0, keys: [key], created: now, lastUpdated: now },
    details: { description: "The operator's first client", token_endpoint_auth_method: 'private_key_jwt' },
  };
  await changes.organizations.put(organization);
  await changes.clients.put(client);
  const after = { organization: organizationMembers(organization), client: clientState(client) };
  const subject = `organization/${orgno}`;
  await changes.audit.append({
    type: 'operator.made',
    at: now,
    correlationId,
    orgno,
    details: { subject, after, actor: 'host' },
  });
  return { organization, client };
}
