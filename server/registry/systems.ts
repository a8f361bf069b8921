import { Fault, invalidField } from '../core/fault.ts';
import type { OrganizationNumber } from '../core/organization.ts';
import type { Changes, Registers } from '../core/ports.ts';
import type { System } from '../core/system-user.ts';
import { type Act, changeRecord } from './act.ts';

/** What a vendor says of its system. */
export type SystemSettings = Pick<System, 'name' | 'clientIds' | 'active'> & { readonly description?: string | undefined };

/** A system of the vendor; another's is as none. @throws {Fault} PV-604, `PV-SEC-083` */
export async function ownSystem({ systems }: Registers, systemId: string, vendor: OrganizationNumber): Promise<System> {
  const system = await systems.find(systemId);
  if (system?.vendorOrgno !== vendor) throw new Fault('PV-604');
  return system;
}

/**
 * Registers a system of the caller's organisation. Own API, systems; contract §7.1
 * @throws {Fault} PV-601 for an id that does not begin with the vendor's number, or a client that is not the vendor's; PV-609
 */
export async function registerSystem(
  changes: Changes,
  { systemId, settings }: { readonly systemId: string; readonly settings: SystemSettings },
  act: Act,
): Promise<System> {
  const vendorOrgno = act.caller.orgno;
  if (!isSystemId(systemId, vendorOrgno))
    throw invalidField(
      'system',
      'system_id',
      `must be ${vendorOrgno}_ and at most 200 letters, digits, dots, underscores or hyphens`,
    );
  if (await changes.systems.find(systemId))
    throw new Fault('PV-609', { fields: [{ object: 'system', field: 'system_id', message: 'is registered, perhaps inactive' }] });
  return put(changes, { systemId, vendorOrgno, settings }, act);
}

/** Replaces what is said of the system; in force at the next token. @throws {Fault} PV-601 */
export async function changeSystem(
  changes: Changes,
  { before, settings }: { readonly before: System; readonly settings: SystemSettings },
  act: Act,
): Promise<System> {
  const { systemId, vendorOrgno } = before;
  return put(changes, { systemId, vendorOrgno, settings, before }, act);
}

/** Makes the system inactive: its users get no tokens until it is active again. What is inactive stays as it is. */
export async function deactivateSystem(changes: Changes, before: System, act: Act): Promise<System> {
  if (!before.active) return before;
  const after = { ...before, active: false, lastUpdated: act.now };
  await changes.systems.put(after);
  await record(changes, 'system.deactivated', { before, after }, act);
  return after;
}

function isSystemId(text: string, vendor: OrganizationNumber): boolean {
  return text.startsWith(`${vendor}_`) && /^[A-Za-z0-9._-]{1,200}$/.test(text.slice(vendor.length + 1));
}

type Entry = Pick<System, 'systemId' | 'vendorOrgno'> & { readonly settings: SystemSettings; readonly before?: System };

async function put(changes: Changes, { systemId, vendorOrgno, settings, before }: Entry, act: Act): Promise<System> {
  const { name, description, clientIds, active } = settings;
  await assertOwnClients(changes, clientIds, vendorOrgno);
  const system = {
    ...{ systemId, vendorOrgno, name, ...(description !== undefined && { description }), clientIds, active },
    ...{ created: before?.created ?? act.now, lastUpdated: act.now },
  };
  await changes.systems.put(system);
  await record(changes, before ? 'system.changed' : 'system.registered', { before, after: system }, act);
  return system;
}

/** Its users act through clients of the vendor's own; one made for a customer has the customer's organisation. Contract §7.1, match */
async function assertOwnClients({ clients }: Changes, ids: readonly string[], vendor: OrganizationNumber): Promise<void> {
  const found = await Promise.all(ids.map((id) => clients.find(id)));
  const fields = found.flatMap((client, place) => {
    const isOwn = client?.orgno === vendor && client.blocked === undefined;
    return isOwn ? [] : [{ object: 'system', field: `client_ids.${place}`, message: "is no client of the vendor's own" }];
  });
  if (fields.length > 0) throw new Fault('PV-601', { fields });
}

type States = { readonly before: System | undefined; readonly after: System };

async function record(changes: Changes, type: string, { before, after }: States, act: Act): Promise<void> {
  const states = { ...(before && { before: members(before) }), after: members(after) };
  await changes.audit.append(changeRecord(type, { subject: `system/${after.systemId}`, ...states }, act));
}

/** As on the wire. */
function members({ systemId, vendorOrgno, name, description, clientIds, active }: System): object {
  return {
    ...{ system_id: systemId, vendor_orgno: vendorOrgno, name, ...(description !== undefined && { description }) },
    ...{ client_ids: clientIds, active },
  };
}
