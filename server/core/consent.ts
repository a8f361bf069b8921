import { isCanonicalNumber, isPersonNumber, type OrganizationNumber } from './organization.ts';
import type { EpochSeconds } from './time.ts';

/** What a person or an organisation has let an organisation know about it. Contract §7.2 */
export type Consent = {
  /** A UUID in lower case. */
  readonly id: string;
  /** Who gave it: {@link isConsentParty}. A person's number: it goes into tokens and answers to its parties, and nowhere else. */
  readonly from: string;
  /** Who may use it. */
  readonly toOrgno: OrganizationNumber;
  readonly consented: EpochSeconds;
  /** From this moment on it counts no more. */
  readonly validTo: EpochSeconds;
  readonly revoked: boolean;
  readonly rights: readonly ConsentRight[];
};

/** One thing that is consented to, spelled as on the wire. Contract §7.2 */
export type ConsentRight = {
  readonly action: readonly string[];
  readonly resource: readonly { readonly type: string; readonly value: string }[];
  readonly metadata?: Readonly<Record<string, string>> | null;
};

export const CONSENT_STATES = ['ACTIVE', 'REVOKED', 'EXPIRED'] as const;
export type ConsentState = (typeof CONSENT_STATES)[number];

/** The state of a consent at a moment. */
export function consentState({ revoked, validTo }: Pick<Consent, 'revoked' | 'validTo'>, now: EpochSeconds): ConsentState {
  if (revoked) return 'REVOKED';
  return validTo <= now ? 'EXPIRED' : 'ACTIVE';
}

/** Who wants to use whose consent. */
export type ConsentQuestion = {
  /** In lower case. */
  readonly id: string;
  readonly from: string;
  readonly toOrgno: OrganizationNumber;
};

/** A consent that may be used, as a token says it: times are the text of the register that answered. */
export type FoundConsent = {
  readonly id: string;
  readonly from: string;
  readonly toOrgno: OrganizationNumber;
  readonly consented: string;
  readonly validTo: string;
  readonly rights: readonly ConsentRight[];
};

/** Why a consent cannot be used. `not_found` also for one that was given to somebody else. Contract §7.2 */
export type ConsentFlaw = 'not_found' | 'wrong_giver' | 'revoked' | 'expired';

/** Everything that stands in the way of using the consent; nothing: it may be used. */
export function consentFlaws(consent: Consent | undefined, asked: ConsentQuestion, now: EpochSeconds): readonly ConsentFlaw[] {
  if (!consent || consent.toOrgno !== asked.toOrgno) return ['not_found'];
  const flaws: ConsentFlaw[] = [];
  if (consent.from !== asked.from) flaws.push('wrong_giver');
  if (consent.revoked) flaws.push('revoked');
  if (consent.validTo <= now) flaws.push('expired');
  return flaws;
}

const PERSON = 'urn:altinn:person:identifier-no:';
const ORGANIZATION = 'urn:altinn:organization:identifier-no:';

/** Whether the text names a person or an organisation by a number that can exist. Contract §7.2 */
export function isConsentParty(text: string): boolean {
  return organizationOfUrn(text) !== undefined || (text.startsWith(PERSON) && isPersonNumber(text.slice(PERSON.length)));
}

/** The organisation as a party of a consent: a Norwegian one without its register's code, as Altinn has it. Contract §8.1 */
export function organizationUrn(organization: OrganizationNumber): string {
  return `${ORGANIZATION}${organization}`;
}

/** The inverse of {@link organizationUrn}; undefined for anything else, a person too. */
export function organizationOfUrn(text: string): OrganizationNumber | undefined {
  const number = text.startsWith(ORGANIZATION) ? text.slice(ORGANIZATION.length) : '';
  return isCanonicalNumber(number) ? number : undefined;
}
