import { Fault, invalidField } from '../core/fault.ts';
import type { OrganizationNumber } from '../core/organization.ts';
import type { Changes, Random, Registers } from '../core/ports.ts';
import { externalRefOf, type SystemUser, type SystemUserState } from '../core/system-user.ts';
import { type Act, changeRecord } from './act.ts';

/** Whom a vendor asks to be let act for, through which of its systems. */
export type SystemUserWish = Pick<SystemUser, 'systemId' | 'customerOrgno'> & { readonly externalRef?: string };

/**
 * The vendor asks a customer for a system user. Own API, system users
 * @throws {Fault} PV-601 for a system that is not the caller's, PV-609 for one that is inactive, or when there is one
 */
export async function requestSystemUser(
  changes: Changes,
  { systemId, ...wish }: SystemUserWish,
  act: Act & { readonly random: Random },
): Promise<SystemUser> {
  const system = await changes.systems.find(systemId);
  if (system?.vendorOrgno !== act.caller.orgno)
    throw invalidField('systemuser', 'system_id', 'is no system of this organisation');
  if (!system.active) throw conflict('system_id', 'the system is inactive');
  const { customerOrgno } = wish;
  const externalRef = externalRefOf(wish);
  const others = (await changes.systemUsers.list({ customerOrgno })).filter((each) => each.state !== 'REVOKED');
  const same = others.find((each) => each.systemId === systemId && each.externalRef === externalRef);
  if (same) throw conflict('external_ref', `has a system user of this system and customer: ${same.id}`);
  const times = { created: act.now, lastUpdated: act.now };
  const user: SystemUser = { id: act.random.uuid(), systemId, customerOrgno, externalRef, state: 'REQUESTED', ...times };
  return put(changes, { type: 'systemuser.requested', after: user }, act);
}

/** A system user to which the organisation is a party, as vendor or customer; another's is as none. @throws {Fault} PV-604 */
export async function systemUserOfParty(registers: Registers, id: string, organization: OrganizationNumber): Promise<SystemUser> {
  const user = await registers.systemUsers.find(id);
  const isParty = user && (user.customerOrgno === organization || (await isVendor(registers, user, organization)));
  if (!isParty) throw new Fault('PV-604');
  return user;
}

/** Those of the organisation in a role, in both unless told, by id. */
export async function systemUsersOf(
  { systemUsers }: Registers,
  { orgno, role }: { readonly orgno: OrganizationNumber; readonly role: 'vendor' | 'customer' | undefined },
): Promise<readonly SystemUser[]> {
  const sold = role === 'customer' ? [] : await systemUsers.list({ vendorOrgno: orgno });
  const own = role === 'vendor' ? [] : await systemUsers.list({ customerOrgno: orgno });
  const both = new Map([...sold, ...own].map((user) => [user.id, user]));
  return [...both.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/**
 * The customer lets the system act. What is approved stays as it is.
 * @throws {Fault} PV-643 for anybody but the customer, PV-609 for one that was revoked, or whose system is inactive
 */
export async function approveSystemUser(changes: Changes, before: SystemUser, act: Act): Promise<SystemUser> {
  if (before.customerOrgno !== act.caller.orgno) throw new Fault('PV-643', { detail: 'the customer approves' });
  if (before.state === 'ACTIVE') return before;
  if (before.state === 'REVOKED') throw conflict('state', 'the system user was revoked: ask for a new one');
  const system = await changes.systems.find(before.systemId);
  if (!system?.active) throw conflict('system_id', 'the system is inactive');
  return put(changes, { type: 'systemuser.approved', before, after: inState(before, 'ACTIVE', act) }, act);
}

/** Either party ends it; the next token meets it. What is revoked stays revoked. */
export async function revokeSystemUser(changes: Changes, before: SystemUser, act: Act): Promise<SystemUser> {
  if (before.state === 'REVOKED') return before;
  return put(changes, { type: 'systemuser.revoked', before, after: inState(before, 'REVOKED', act) }, act);
}

async function isVendor({ systems }: Registers, { systemId }: SystemUser, organization: OrganizationNumber): Promise<boolean> {
  return (await systems.find(systemId))?.vendorOrgno === organization;
}

function inState(user: SystemUser, state: SystemUserState, { now }: Act): SystemUser {
  return { ...user, state, lastUpdated: now };
}

type Change = { readonly type: string; readonly before?: SystemUser; readonly after: SystemUser };

async function put(changes: Changes, { type, before, after }: Change, act: Act): Promise<SystemUser> {
  await changes.systemUsers.put(after);
  const states = { ...(before && { before: members(before) }), after: members(after) };
  await changes.audit.append(changeRecord(type, { subject: `systemuser/${after.id}`, ...states }, act));
  return after;
}

/** As on the wire. */
function members({ id, systemId, customerOrgno, externalRef, state }: SystemUser): object {
  return { id, system_id: systemId, customer_orgno: customerOrgno, external_ref: externalRef, state };
}

function conflict(field: string, message: string): Fault {
  return new Fault('PV-609', { fields: [{ object: 'systemuser', field, message }] });
}
