import type { OrganizationNumber } from './organization.ts';
import type { EpochSeconds } from './time.ts';

/** A vendor's system: the clients through which its customers' system users act. Contract §7.1 */
export type System = {
  /** `<vendor's organisation number>_<name>` */
  readonly systemId: string;
  readonly vendorOrgno: OrganizationNumber;
  readonly name: string;
  readonly description?: string;
  /** Ids of the clients that may act as its system users, each once. */
  readonly clientIds: readonly string[];
  readonly active: boolean;
  readonly created: EpochSeconds;
  readonly lastUpdated: EpochSeconds;
};

export const SYSTEM_USER_STATES = ['REQUESTED', 'ACTIVE', 'REVOKED'] as const;
export type SystemUserState = (typeof SYSTEM_USER_STATES)[number];

/**
 * What a customer lets a system act as, with the customer's own, narrower rights. Until it is revoked there is no other of the same
 * system, customer and external reference. Contract §7.1
 */
export type SystemUser = {
  /** A random UUID. */
  readonly id: string;
  readonly systemId: string;
  readonly customerOrgno: OrganizationNumber;
  /** Tells several of one customer apart; the customer's organisation number where the vendor names none. */
  readonly externalRef: string;
  readonly state: SystemUserState;
  readonly created: EpochSeconds;
  readonly lastUpdated: EpochSeconds;
};

/** Who asks for which customer's system user. */
export type SystemUserQuestion = {
  readonly clientId: string;
  readonly vendorOrgno: OrganizationNumber;
  /** The organisation that owns the system user. */
  readonly customerOrgno: OrganizationNumber;
  /** Absent: the one that the vendor gave no reference of its own. */
  readonly externalRef?: string;
};

/** What a token says of a system user. */
export type FoundSystemUser = Pick<SystemUser, 'id' | 'systemId'>;

/** The reference by which the system user is known: exactly that of the question, without one the customer's number. Contract §7.1 */
export function externalRefOf({ customerOrgno, externalRef }: Pick<SystemUserQuestion, 'customerOrgno' | 'externalRef'>): string {
  return externalRef ?? customerOrgno;
}
