import type { Delegation, DelegationFilter } from '../core/delegation.ts';
import { Fault, invalidField } from '../core/fault.ts';
import type { OrganizationNumber } from '../core/organization.ts';
import type { Changes, Random, Registers } from '../core/ports.ts';
import type { EpochSeconds } from '../core/time.ts';
import { type Act, changeRecord } from './act.ts';
import { isOwnRegister } from './delegation-sources.ts';

/** What a consumer gives to whom, and for how long. */
export type DelegationWish = Pick<Delegation, 'supplierOrgno' | 'scopes'> & {
  readonly validFrom?: EpochSeconds | undefined;
  readonly validTo?: EpochSeconds | undefined;
  readonly reason?: string | undefined;
};

/** An act on this server, known by its issuer, with the randomness for new ids. */
export type DelegationAct = Act & { readonly issuer: string; readonly random: Random };

/**
 * Lets a supplier fetch tokens in the name of the caller's organisation. The supplier need not be registered yet, and the owner may
 * let the consumer in later. Contract §6.1 no. 5; own API, delegations
 * @throws {Fault} PV-601 for oneself, a period that cannot be, or a scope that is not delegated here; PV-609 for what has been given
 */
export async function giveDelegation(changes: Changes, wish: DelegationWish, act: DelegationAct): Promise<Delegation> {
  const { supplierOrgno, validFrom, validTo, reason } = wish;
  const consumerOrgno = act.caller.orgno;
  if (supplierOrgno === consumerOrgno) throw invalidField('delegation', 'supplier_orgno', 'must be another organisation');
  assertPeriod(wish, act.now);
  for (const [place, scope] of wish.scopes.entries()) await assertDelegable(changes, { scope, place }, act);
  const delegation: Delegation = {
    ...{ id: act.random.uuid(), consumerOrgno, supplierOrgno, scopes: wish.scopes, revoked: false },
    ...(validFrom !== undefined && { validFrom }),
    ...(validTo !== undefined && { validTo }),
    ...(reason !== undefined && { reason }),
    ...{ created: act.now, lastUpdated: act.now },
  };
  await assertNotGiven(changes, delegation);
  await changes.delegations.put(delegation);
  await changes.audit.append(changeRecord('delegation.given', { subject: subject(delegation), after: members(delegation) }, act));
  return delegation;
}

/** A delegation to which the organisation is a party; another's is as none. @throws {Fault} PV-604, `PV-SEC-083` */
export async function delegationOfParty(
  { delegations }: Registers,
  id: string,
  organization: OrganizationNumber,
): Promise<Delegation> {
  const delegation = await delegations.find(id);
  if (!delegation || ![delegation.consumerOrgno, delegation.supplierOrgno].includes(organization)) throw new Fault('PV-604');
  return delegation;
}

/** Ends it: by the consumer, or by the supplier that gives it back. The next request for a token meets it. `PV-SEC-072` */
export async function endDelegation(changes: Changes, before: Delegation, act: Act): Promise<Delegation> {
  if (before.revoked) return before;
  const after = { ...before, revoked: true, lastUpdated: act.now };
  await changes.delegations.put(after);
  const type = before.consumerOrgno === act.caller.orgno ? 'delegation.revoked' : 'delegation.given_back';
  await changes.audit.append(
    changeRecord(type, { subject: subject(before), before: members(before), after: members(after) }, act),
  );
  return after;
}

/** Whose delegations are listed: given by the organisation, received by it, or on its scopes. */
export type Direction = 'given' | 'received' | 'on_my_scopes';

/** What else must hold of those that are listed. */
export type DelegationChoice = Pick<
  DelegationFilter,
  'consumerOrgno' | 'supplierOrgno' | 'scope' | 'notOverAt' | 'after' | 'limit'
>;

/**
 * The delegations of a direction, without one those given and received, by id. The organisation's part is in the query itself.
 * `PV-SEC-083`
 */
export async function listDelegations(
  { delegations }: Registers,
  { orgno, direction }: { readonly orgno: OrganizationNumber; readonly direction: Direction | undefined },
  choice: DelegationChoice,
): Promise<readonly Delegation[]> {
  const directions: readonly Direction[] = direction === undefined ? ['given', 'received'] : [direction];
  const filters = directions.map((each) => narrowed(PLACES[each], orgno, choice)).filter((filter) => filter !== undefined);
  const lists = await Promise.all(filters.map((filter) => delegations.list(filter)));
  const all = lists.flat();
  if (lists.length > 1) all.sort((a, b) => (a.id < b.id ? -1 : 1));
  return choice.limit === undefined ? all : all.slice(0, choice.limit);
}

const PLACES = { given: 'consumerOrgno', received: 'supplierOrgno', on_my_scopes: 'ownerOrgno' } as const;

/** Nothing where the choice names another organisation in the place of one's own. */
function narrowed(
  place: 'consumerOrgno' | 'supplierOrgno' | 'ownerOrgno',
  orgno: OrganizationNumber,
  choice: DelegationFilter,
): DelegationFilter | undefined {
  const other = choice[place];
  return other === undefined || other === orgno ? { ...choice, [place]: orgno } : undefined;
}

function assertPeriod({ validFrom, validTo }: DelegationWish, now: EpochSeconds): void {
  if (validTo === undefined) return;
  if (validTo <= now) throw invalidField('delegation', 'valid_to', 'must lie in the future');
  if (validFrom !== undefined && validTo <= validFrom) throw invalidField('delegation', 'valid_to', 'must come after valid_from');
}

async function assertDelegable(
  changes: Changes,
  { scope: name, place }: { readonly scope: string; readonly place: number },
  { issuer }: DelegationAct,
): Promise<void> {
  const scope = await changes.scopes.find(name);
  const refuse = (message: string) => invalidField('delegation', `scopes.${place}`, `${name}: ${message}`);
  if (!scope?.active) throw refuse('is no active scope of this server');
  if (scope.delegationSource === undefined) throw refuse('cannot be delegated');
  if (!(await isOwnRegister(changes, scope.delegationSource, issuer)))
    throw refuse(`is delegated elsewhere, at ${scope.delegationSource}`);
}

/** One scope is given once at a time to one supplier, so that ending what is seen ends what is given. */
async function assertNotGiven({ delegations }: Changes, wish: Delegation): Promise<void> {
  const { consumerOrgno, supplierOrgno, created: notOverAt } = wish;
  const standing = await delegations.list({ consumerOrgno, supplierOrgno, notOverAt });
  for (const other of standing.filter((each) => overlap(each, wish))) {
    const place = wish.scopes.findIndex((scope) => other.scopes.includes(scope));
    if (place < 0) continue;
    const message = `${wish.scopes[place]}: has been given for this time, by ${other.id}`;
    throw new Fault('PV-609', { fields: [{ object: 'delegation', field: `scopes.${place}`, message }] });
  }
}

type Period = Pick<Delegation, 'validFrom' | 'validTo'>;

function overlap(a: Period, b: Period): boolean {
  return (a.validFrom ?? -Infinity) < (b.validTo ?? Infinity) && (b.validFrom ?? -Infinity) < (a.validTo ?? Infinity);
}

/** As on the wire, without what changes by itself. */
function members({ id, consumerOrgno, supplierOrgno, scopes, validFrom, validTo, revoked, reason }: Delegation): object {
  return {
    ...{ id, consumer_orgno: consumerOrgno, supplier_orgno: supplierOrgno, scopes },
    ...(validFrom !== undefined && { valid_from: validFrom }),
    ...(validTo !== undefined && { valid_to: validTo }),
    ...{ revoked, ...(reason !== undefined && { reason }) },
  };
}

function subject({ id }: Delegation): string {
  return `delegation/${id}`;
}
