import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { type OwnToken, readOwnToken } from '../core/access-token.ts';
import { type AdminScope, holdsAdminScope, isAdminScope } from '../core/admin-scopes.ts';
import type { Client, PublicJwk } from '../core/client.ts';
import { Fault } from '../core/fault.ts';
import type { Limits } from '../core/limits.ts';
import type { OrganizationNumber } from '../core/organization.ts';
import type { Organization, Ports } from '../core/ports.ts';
import type { Admission } from '../http/admission.ts';
import { gated } from '../http/gated.ts';
import { toFault } from '../http/render-fault.ts';

/** Who asks: the token's client, for its own organisation. */
export type Caller = {
  readonly clientId: string;
  readonly orgno: OrganizationNumber;
  /** The admin scopes of the token that client and organisation still hold. */
  readonly scopes: readonly AdminScope[];
};

/** How calls come to what a token opens; allowances apart from those of the token endpoint, so that a crowd there leaves this one open. */
export type CallAdmission = Admission & { readonly limits: Limits };

/** What a caller's token is judged by. */
export type CallerRules = {
  readonly ports: Ports;
  readonly keys: () => Promise<readonly PublicJwk[]>;
  readonly admission: CallAdmission;
};

/**
 * Finds out who calls: an ordinary token of this server, counted only while its client and organisation are active and still
 * hold the scope. Until it is known, the call counts against its address; then against its client. Contract §5.1, `PV-SEC-090`,
 * `PV-SEC-073`, `PV-SEC-111`, `PV-SEC-112`
 * @param accepted any of these scopes opens the address.
 * @throws {Fault} PV-640 (401) for the token, PV-642 (403) when somebody acts for the consumer, PV-641 (403) without the scope, PV-401
 * (429) for too many calls, PV-402 (503) where there is no place.
 */
export async function admitCaller(
  request: IncomingMessage,
  accepted: readonly AdminScope[],
  { ports, keys, admission: { addressOf, gate, limits } }: CallerRules,
): Promise<Caller> {
  const address = addressOf(request);
  limits.arrived(address);
  try {
    const holder = await gated(gate, () => holderOf(request.headers, { ports, keys }));
    limits.proven(address, holder.client);
    limits.excused(address);
    return authorized(holder, accepted);
  } catch (error) {
    if (toFault(error).entry.status >= 500) limits.excused(address);
    throw error;
  }
}

/** A token that was found good, and whose it is. */
type Holder = { readonly token: OwnToken; readonly client: Client; readonly organization: Organization };

async function holderOf(headers: IncomingHttpHeaders, { ports, keys }: Pick<CallerRules, 'ports' | 'keys'>): Promise<Holder> {
  const { storage, settings, verifier, clock } = ports;
  const now = Math.floor(clock.now());
  const token = readOwnToken(bearer(headers), { issuer: settings.issuer, keys: await keys(), verifier, now });
  if (!token) throw new Fault('PV-640', { detail: 'not a token of this server, or ended' });
  const [client, organization] = await Promise.all([
    storage.clients.find(token.clientId),
    storage.organizations.find(token.consumer),
  ]);
  if (!client?.active || client.blocked !== undefined || !organization?.active)
    throw new Fault('PV-640', { detail: 'client or organisation inactive' });
  return { token, client, organization };
}

function authorized({ token, client, organization }: Holder, accepted: readonly AdminScope[]): Caller {
  if (token.delegated) throw new Fault('PV-642');
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
