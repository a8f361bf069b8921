import type { OrganizationNumber } from './organization.ts';
import { DAY, type EpochSeconds } from './time.ts';

/** What ends by itself, and then stops tokens: warned of before it does. */
export const ENDING_KINDS = ['key', 'certificate', 'delegation', 'anchor', 'intermediate'] as const;
export type EndingKind = (typeof ENDING_KINDS)[number];

/** How many days ahead there is a warning, the most pressing first. */
export const WARNINGS = [1, 7, 30, 90] as const;
export type Warning = (typeof WARNINGS)[number];

/** Furthest that anybody may look ahead, in days. */
export const FURTHEST = 3660;

/** Moments after the one, up to and with the other. */
export type Span = { readonly from: EpochSeconds; readonly until: EpochSeconds };

/** A registered key of a client that may act. */
export type EndingKey = {
  readonly clientId: string;
  readonly clientName: string;
  readonly orgno: OrganizationNumber;
  readonly supplierOrgno?: OrganizationNumber;
  readonly kid: string;
  readonly ends: EpochSeconds;
};

/** A certificate that a client has proved with who it is. */
export type SeenCertificate = {
  readonly clientId: string;
  /** SHA-256 of its DER, in hex. */
  readonly fingerprint: string;
  /** Common name of its subject. */
  readonly subject: string;
  /** In hex. */
  readonly serial: string;
  readonly orgno: OrganizationNumber;
  readonly notAfter: EpochSeconds;
  readonly lastSeen: EpochSeconds;
};

/** One thing that ends. What it is called, and whose it is, depends on its kind. */
export type Ending = {
  readonly kind: EndingKind;
  /** A key's kid, the SHA-256 of a certificate, a delegation's id. */
  readonly id: string;
  /** For people: a client's name, a certificate's subject, what is delegated. */
  readonly name: string;
  readonly ends: EpochSeconds;
  readonly clientId?: string;
  /** Of keys and certificates the client's, of delegations the consumer. */
  readonly orgno?: OrganizationNumber;
  readonly supplierOrgno?: OrganizationNumber;
  readonly serial?: string;
  readonly lastSeen?: EpochSeconds;
};

/** The most pressing warning that the end is in; undefined beyond all of them. */
export function warningOf(ends: EpochSeconds, now: EpochSeconds): Warning | undefined {
  return WARNINGS.find((days) => ends - now <= days * DAY);
}

/** The time that lies ahead, so many days of it. */
export function daysAhead(days: number, now: EpochSeconds): Span {
  return { from: now, until: now + days * DAY };
}

/** Reads a number of days, such as `90d`. @returns undefined for anything else, and for more than {@link FURTHEST} */
export function parseDays(text: string): number | undefined {
  const [, digits] = /^([1-9][0-9]{0,3})d$/.exec(text) ?? [];
  return digits === undefined || Number(digits) > FURTHEST ? undefined : Number(digits);
}
