import { RESERVED_PREFIXES } from '../core/admin-scopes.ts';
import { Fault, invalidField } from '../core/fault.ts';
import type { Changes, Prefix } from '../core/ports.ts';
import { type Act, changeRecord } from './act.ts';

/**
 * Gives a prefix to an organisation. One that was released may be given again, to another too: in a step of its own, with both
 * owners in the audit. Own API, operator; `PV-SEC-086`
 * @throws {Fault} PV-609 when it is given already, or looks like another; PV-601 for a reserved one or an unknown owner
 */
export async function assignPrefix(
  changes: Changes,
  { prefix, ownerOrgno }: Pick<Prefix, 'prefix' | 'ownerOrgno'>,
  act: Act,
): Promise<Prefix> {
  if (RESERVED_PREFIXES.some((reserved) => look(reserved) === look(prefix)))
    throw invalidField('prefix', 'prefix', 'is reserved, or looks like one that is');
  if (!(await changes.organizations.find(ownerOrgno))) throw invalidField('prefix', 'owner_orgno', 'is not registered here');
  const alike = (await changes.prefixes.list()).filter((other) => look(other.prefix) === look(prefix));
  const other = alike.find((candidate) => candidate.prefix !== prefix);
  if (other) throw conflict(`looks like the prefix ${other.prefix}`);
  const [before] = alike;
  if (before?.active) throw conflict('has been given already');
  if (before && before.ownerOrgno !== ownerOrgno) await assertNoActiveScopes(changes, before);
  const after = { prefix, ownerOrgno, active: true, created: before?.created ?? act.now, lastUpdated: act.now };
  return put(changes, { type: 'prefix.assigned', before, after }, act);
}

/**
 * Takes a prefix back: no scope can be made or revived under it. What is inactive stays as it is.
 * @throws {Fault} PV-609 while scopes under it are active
 */
export async function releasePrefix(changes: Changes, before: Prefix, act: Act): Promise<Prefix> {
  if (!before.active) return before;
  await assertNoActiveScopes(changes, before);
  return put(changes, { type: 'prefix.released', before, after: { ...before, active: false, lastUpdated: act.now } }, act);
}

/** What remains of a prefix for a hasty eye; prefixes are small letters, digits, `_` and `-` alone. */
function look(prefix: string): string {
  return prefix.replace(/[_-]/g, '');
}

async function assertNoActiveScopes({ scopes }: Changes, { prefix, ownerOrgno }: Prefix): Promise<void> {
  const active = (await scopes.listOf(ownerOrgno)).filter((scope) => scope.prefix === prefix && scope.active);
  if (active.length > 0) throw conflict(`has ${active.length} active scopes: deactivate them first`);
}

type Change = { readonly type: string; readonly before: Prefix | undefined; readonly after: Prefix };

async function put(changes: Changes, { type, before, after }: Change, act: Act): Promise<Prefix> {
  await changes.prefixes.put(after);
  const states = { ...(before && { before: members(before) }), after: members(after) };
  await changes.audit.append(changeRecord(type, { subject: `prefix/${after.prefix}`, ...states }, act));
  return after;
}

function members({ prefix, ownerOrgno, active }: Prefix): object {
  return { prefix, owner_orgno: ownerOrgno, active };
}

function conflict(message: string): Fault {
  return new Fault('PV-609', { fields: [{ object: 'prefix', field: 'prefix', message }] });
}
