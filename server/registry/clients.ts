import type { Client, RegisteredKey } from '../core/client.ts';
import { Fault, invalidField } from '../core/fault.ts';
import type { OrganizationNumber } from '../core/organization.ts';
import type { Changes } from '../core/ports.ts';
import type { IntegrationType } from '../core/scope.ts';
import { DEFAULT_TOKEN_LIFETIME } from '../core/settings.ts';
import { type Act, changeRecord } from './act.ts';
import type { Ownership } from './client-rights.ts';
import { assertScopesAllowed } from './client-scopes.ts';

/** What a caller says a client shall be; absent members that have no default here are decided by the rules. Contract §5.2.2 */
export type ClientWish = Pick<Client, 'name' | 'active' | 'scopes' | 'accessTokenLifetime' | 'details'> & {
  readonly clientId?: string;
  readonly orgno?: OrganizationNumber;
  readonly supplierOrgno?: OrganizationNumber;
  readonly integrationType?: IntegrationType;
};

/** A client that is to be registered: what is wished, whose it is, under which id if none was wished, and its first keys. */
export type NewClient = {
  readonly wish: ClientWish;
  readonly ownership: Ownership;
  readonly freshId: string;
  readonly keys: readonly RegisteredKey[];
};

/**
 * Registers a client. Contract §5.2
 * @throws {Fault} PV-609 when its id is taken, by an inactive client too; PV-601 for an organisation or scope that it may not have
 */
export async function createClient(changes: Changes, { wish, ownership, freshId, keys }: NewClient, act: Act): Promise<Client> {
  const { name, active, accessTokenLifetime, details, integrationType = 'maskinporten' } = wish;
  if (!(await changes.organizations.find(ownership.orgno)))
    throw invalidField('client', 'client_orgno', 'is no organisation of this server');
  const clientId = wish.clientId ?? freshId;
  if (await changes.clients.find(clientId)) {
    const message = 'is taken, perhaps by an inactive client';
    throw new Fault('PV-609', { fields: [{ object: 'client', field: 'client_id', message }] });
  }
  await assertScopesAllowed(wish.scopes, { ...ownership, integrationType, scopes: [] }, changes);
  const scopes = [...new Set(wish.scopes)];
  const times = { created: act.now, lastUpdated: act.now };
  const client = { clientId, name, ...ownership, active, integrationType, scopes, accessTokenLifetime, keys, details, ...times };
  await changes.clients.put(client);
  await changes.audit.append(changeRecord('client.created', { subject: subject(client), after: clientState(client) }, act));
  return client;
}

/**
 * Puts the wish in the place of what the client was; its keys stay. Without `active` an inactive client comes back: contract §9
 * no. 25.
 * @throws {Fault} PV-601 for a change of what cannot change, or a scope that may not be added
 */
export async function replaceClient(
  changes: Changes,
  { client, wish }: { readonly client: Client; readonly wish: ClientWish },
  act: Act,
): Promise<Client> {
  assertSame('client_id', wish.clientId, client.clientId);
  assertSame('client_orgno', wish.orgno, client.orgno);
  assertSame('supplier_orgno', wish.supplierOrgno, client.supplierOrgno);
  assertSame('integration_type', wish.integrationType, client.integrationType);
  await assertScopesAllowed(wish.scopes, client, changes);
  const { name, active, details } = wish;
  const scopes = [...new Set(wish.scopes)];
  const accessTokenLifetime = lifetime(wish, client);
  return storeClient(changes, { before: client, after: { ...client, name, active, details, scopes, accessTokenLifetime } }, act);
}

/** Makes the client inactive; it is never removed, and its keys and scopes stay for when it is revived. Contract §5.8 */
export async function deactivateClient(changes: Changes, client: Client, act: Act): Promise<void> {
  if (client.active) await storeClient(changes, { before: client, after: { ...client, active: false } }, act);
}

/** Stores a change of a client and its record. */
export async function storeClient(
  changes: Changes,
  { before, after }: { readonly before: Client; readonly after: Client },
  act: Act,
): Promise<Client> {
  const client = { ...after, lastUpdated: act.now };
  await changes.clients.put(client);
  const states = { before: clientState(before), after: clientState(client) };
  await changes.audit.append(changeRecord('client.changed', { subject: subject(client), ...states }, act));
  return client;
}

/** The client as the audit keeps it: of its keys names and ends alone. `PV-SEC-104`, `PV-SEC-109` */
export function clientState(client: Client): object {
  const { blocked, supplierOrgno } = client;
  return {
    client_id: client.clientId,
    client_name: client.name,
    client_orgno: client.orgno,
    ...(supplierOrgno !== undefined && { supplier_orgno: supplierOrgno }),
    active: client.active,
    ...(blocked !== undefined && { blocked }),
    integration_type: client.integrationType,
    scopes: client.scopes,
    access_token_lifetime: client.accessTokenLifetime,
    ...client.details,
    keys: client.keys.map(({ kid, thumbprint, expires }) => ({ kid, thumbprint, exp: expires })),
  };
}

function subject({ clientId }: Client): string {
  return `client/${clientId}`;
}

function assertSame(field: string, wished: string | undefined, stands: string | undefined): void {
  if (wished !== undefined && wished !== stands) throw invalidField('client', field, 'cannot be changed');
}

/** A client that never set it is shown the default, and bringing that back sets nothing. Contract §2.5 */
function lifetime({ accessTokenLifetime: wished }: ClientWish, { accessTokenLifetime: stands }: Client): number {
  return stands === 0 && wished === DEFAULT_TOKEN_LIFETIME ? 0 : wished;
}
