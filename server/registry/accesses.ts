import { Fault, invalidField } from '../core/fault.ts';
import type { OrganizationNumber } from '../core/organization.ts';
import type { Changes } from '../core/ports.ts';
import type { Access, AccessState, Scope } from '../core/scope.ts';
import { type Act, changeRecord } from './act.ts';

/**
 * Lets a consumer in on the owner's scope: from nothing, a request or a refusal. What is approved stays as it is. Contract §5.5.3
 * @param before the access as it is, if there is one.
 * @throws {Fault} PV-601 for an organisation that is not registered, PV-609 for an inactive scope
 */
export async function grantAccess(
  changes: Changes,
  {
    scope,
    consumer,
    before,
  }: { readonly scope: Scope; readonly consumer: OrganizationNumber; readonly before?: Access | undefined },
  act: Act,
): Promise<Access> {
  if (!(await changes.organizations.find(consumer))) throw invalidField('access', 'consumer_orgno', 'is not registered here');
  if (before?.state === 'APPROVED') return before;
  if (!scope.active) throw conflict('scope', 'the scope is inactive');
  const access = before ?? {
    scope: scope.name,
    consumerOrgno: consumer,
    state: 'APPROVED',
    created: act.now,
    lastUpdated: act.now,
  };
  return put(changes, { type: 'access.granted', before, after: { ...access, state: 'APPROVED' } }, act);
}

/** Takes a consumer's access, or its request, back; the row stays. Contract §5.5.3 */
export async function withdrawAccess(changes: Changes, before: Access, act: Act): Promise<Access> {
  if (before.state === 'DENIED') return before;
  return put(changes, { type: 'access.withdrawn', before, after: { ...before, state: 'DENIED' } }, act);
}

/** What a consumer asks for. */
export type AccessRequest = { readonly scope: string; readonly reason?: string | undefined };

/**
 * Asks the owner of a scope to let the caller's organisation in; also again, after a refusal. Own API, access requests
 * @throws {Fault} PV-604 for a scope that the caller cannot see, PV-609 when nothing is left to ask for
 */
export async function requestAccess(changes: Changes, { scope: name, reason }: AccessRequest, act: Act): Promise<Access> {
  const { orgno, clientId } = act.caller;
  const scope = await changes.scopes.find(name);
  const before = scope && (await changes.accesses.find(name, orgno));
  if (!scope || !isVisibleScope(scope, orgno, before)) throw new Fault('PV-604');
  if (scope.accessibleForAll) throw conflict('scope', 'the scope is open to all');
  if (before && before.state !== 'DENIED')
    throw conflict('scope', before.state === 'APPROVED' ? 'access has been given' : 'access has been asked for');
  const after: Access = {
    scope: name,
    consumerOrgno: orgno,
    state: 'REQUESTED',
    requestedBy: clientId,
    ...(reason !== undefined && { reason }),
    created: before?.created ?? act.now,
    lastUpdated: act.now,
  };
  return put(changes, { type: 'access.requested', before, after }, act);
}

/**
 * The owner's answer to a request. Own API, access requests
 * @throws {Fault} PV-609 when the access is not asked for, or the scope is inactive
 */
export async function decideRequest(
  changes: Changes,
  { scope, before, approve, reason }: { scope: Scope; before: Access; approve: boolean; reason?: string | undefined },
  act: Act,
): Promise<Access> {
  if (before.state !== 'REQUESTED') throw conflict('consumer_orgno', 'access is not being asked for');
  if (approve && !scope.active) throw conflict('scope', 'the scope is inactive');
  const state: AccessState = approve ? 'APPROVED' : 'DENIED';
  const after = { ...before, state, ...(reason !== undefined && { reason }) };
  return put(changes, { type: approve ? 'access.granted' : 'access.denied', before, after }, act);
}

/** Everybody sees public scopes; others only their owner and those it has let in. Contract §5.5.2 */
export function isVisibleScope(
  { active, details, ownerOrgno }: Scope,
  organization: OrganizationNumber,
  access: Access | undefined,
): boolean {
  const visibility = details.visibility ?? 'PUBLIC';
  return active && (visibility === 'PUBLIC' || ownerOrgno === organization || access?.state === 'APPROVED');
}

type Change = { readonly type: string; readonly before: Access | undefined; readonly after: Access };

async function put(changes: Changes, { type, before, after }: Change, act: Act): Promise<Access> {
  const access = { ...after, lastUpdated: act.now };
  await changes.accesses.put(access);
  const subject = `access/${access.scope}/${access.consumerOrgno}`;
  await changes.audit.append(
    changeRecord(type, { subject, ...(before && { before: members(before) }), after: members(access) }, act),
  );
  return access;
}

/** As on the wire. */
function members({ scope, consumerOrgno, state, reason, requestedBy }: Access): object {
  return {
    scope,
    consumer_orgno: consumerOrgno,
    state,
    ...(reason !== undefined && { reason }),
    ...(requestedBy !== undefined && { requested_by: requestedBy }),
  };
}

function conflict(field: string, message: string): Fault {
  return new Fault('PV-609', { fields: [{ object: 'access', field, message }] });
}
