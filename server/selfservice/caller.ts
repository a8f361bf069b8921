import type { IncomingHttpHeaders } from 'node:http';
import { readOwnToken } from '../core/access-token.ts';
import { type AdminScope, holdsAdminScope, isAdminScope } from '../core/admin-scopes.ts';
import type { PublicJwk } from '../core/client.ts';
import { Fault } from '../core/fault.ts';
import type { OrganizationNumber } from '../core/organization.ts';
import type { Ports } from '../core/ports.ts';

/** Who asks: the token's client, for its own organisation. */
export type Caller = {
  readonly clientId: string;
  readonly orgno: OrganizationNumber;
  /** The admin scopes of the token that client and organisation still hold. */
  readonly scopes: readonly AdminScope[];
};

/** What a caller's token is judged by. */
export type CallerRules = { readonly ports: Ports; readonly keys: () => readonly PublicJwk[] };

/**
 * Finds out who calls: an ordinary token of this server, counted only while its client and organisation are active and still
 * hold the scope. Contract §5.1, `PV-SEC-090`, `PV-SEC-073`
 * @param accepted any of these scopes opens the address.
 * @throws {Fault} PV-640 (401) for the token, PV-642 (403) when somebody acts for the consumer, PV-641 (403) without the scope
 */
export async function authorizeCaller(
  headers: IncomingHttpHeaders,
  accepted: readonly AdminScope[],
  rules: CallerRules,
): Promise<Caller> {
  const { storage, settings, verifier, clock } = rules.ports;
  const now = Math.floor(clock.now());
  const token = readOwnToken(bearer(headers), { issuer: settings.issuer, keys: rules.keys(), verifier, now });
  if (!token) throw new Fault('PV-640', { detail: 'not a token of this server, or ended' });
  if (token.delegated) throw new Fault('PV-642');
  const [client, organization] = await Promise.all([
    storage.clients.find(token.clientId),
    storage.organizations.find(token.consumer),
  ]);
  if (!client?.active || client.blocked !== undefined || !organization?.active)
    throw new Fault('PV-640', { detail: 'client or organisation inactive' });
  const named = token.scopes.filter(isAdminScope);
  const held = named.filter((scope) => client.scopes.includes(scope) && holdsAdminScope(organization, scope));
  if (!accepted.some((scope) => named.includes(scope)))
    throw new Fault('PV-641', { say: { scopes: accepted.join(', ') }, expected: accepted.join(' or ') });
  if (!accepted.some((scope) => held.includes(scope))) throw new Fault('PV-640', { detail: 'the scope is no longer held' });
  return { clientId: client.clientId, orgno: organization.orgno, scopes: held };
}

/** RFC 6750 §2.1; the scheme in any case. */
function bearer({ authorization = '' }: IncomingHttpHeaders): string {
  const [, token] = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(authorization) ?? [];
  if (token === undefined) throw new Fault('PV-640', { detail: 'no bearer token' });
  return token;
}
