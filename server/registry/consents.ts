import { type Consent, organizationOfUrn, organizationUrn } from '../core/consent.ts';
import { Fault, invalidField } from '../core/fault.ts';
import type { OrganizationNumber } from '../core/organization.ts';
import type { Changes, Random, Registers } from '../core/ports.ts';
import { type Act, changeRecord } from './act.ts';

/** What a giver consents to, as the front at which it did says. */
export type ConsentWish = Pick<Consent, 'from' | 'toOrgno' | 'validTo' | 'rights'>;

/** Registers what a giver has just consented to. Own API, consents @throws {Fault} PV-601 for one that is over already */
export async function makeConsent(changes: Changes, wish: ConsentWish, act: Act & { readonly random: Random }): Promise<Consent> {
  if (wish.validTo <= act.now) throw invalidField('consent', 'valid_to', 'must lie in the future');
  const consent = { ...wish, id: act.random.uuid(), consented: act.now, revoked: false };
  await changes.consents.put(consent);
  await changes.audit.append(changeRecord('consent.given', { subject: subject(consent), after: members(consent) }, act));
  return consent;
}

/** A consent given to the organisation, or by it; another's is as none. @throws {Fault} PV-604, `PV-SEC-083` */
export async function consentOfParty({ consents }: Registers, id: string, organization: OrganizationNumber): Promise<Consent> {
  const consent = await consents.find(id);
  const isParty = consent?.toOrgno === organization || consent?.from === organizationUrn(organization);
  if (!consent || !isParty) throw new Fault('PV-604');
  return consent;
}

/** Those of the organisation in a role, in both unless told, by id. */
export async function consentsOf(
  { consents }: Registers,
  { orgno, role }: { readonly orgno: OrganizationNumber; readonly role: 'recipient' | 'giver' | undefined },
): Promise<readonly Consent[]> {
  const received = role === 'giver' ? [] : await consents.list({ toOrgno: orgno });
  const given = role === 'recipient' ? [] : await consents.list({ from: organizationUrn(orgno) });
  const both = new Map([...received, ...given].map((consent) => [consent.id, consent]));
  return [...both.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/**
 * The consent, if the caller may withdraw it: its giver, or a front that names the giver in whose behalf it asks. A person has no
 * client of its own.
 * @throws {Fault} PV-604 for one that the caller has no part in, PV-643 for its recipient
 */
export async function revocableConsent(
  registers: Registers,
  { id, from }: { readonly id: string; readonly from: string | undefined },
  caller: Act['caller'],
): Promise<Consent> {
  const named = caller.scopes.includes('portvakt:consents.front') ? await registers.consents.find(id) : undefined;
  if (named && named.from === from) return named;
  const consent = await consentOfParty(registers, id, caller.orgno);
  if (!caller.scopes.includes('portvakt:consents.write'))
    throw new Fault('PV-641', { say: { scopes: 'portvakt:consents.write' } });
  if (consent.from !== organizationUrn(caller.orgno)) throw new Fault('PV-643', { detail: 'the giver revokes' });
  return consent;
}

/** Withdraws a consent; the next token meets it. What is revoked stays revoked. */
export async function revokeConsent(changes: Changes, before: Consent, act: Act): Promise<Consent> {
  if (before.revoked) return before;
  const after = { ...before, revoked: true };
  await changes.consents.put(after);
  const states = { before: members(before), after: members(after) };
  await changes.audit.append(changeRecord('consent.revoked', { subject: subject(before), ...states }, act));
  return after;
}

/** Without the number of a person, which the audit never holds. `PV-SEC-104` */
function members({ id, from, toOrgno, consented, validTo, revoked }: Consent): object {
  const giver = organizationOfUrn(from);
  return { id, from: giver === undefined ? 'a person' : from, to_orgno: toOrgno, consented, valid_to: validTo, revoked };
}

function subject({ id }: Consent): string {
  return `consent/${id}`;
}
