import type { OrganizationNumber } from './organization.ts';
import type { EpochSeconds } from './time.ts';

/** A consumer's permission for a supplier to fetch tokens in its name. It is given whole, and can only be revoked. Contract §6.1 */
export type Delegation = {
  /** A random UUID. `PV-SEC-085` */
  readonly id: string;
  readonly consumerOrgno: OrganizationNumber;
  readonly supplierOrgno: OrganizationNumber;
  /** Names of the scopes, each once, at least one. */
  readonly scopes: readonly string[];
  /** The first moment at which it holds; absent: from the beginning. */
  readonly validFrom?: EpochSeconds;
  /** From this moment on it holds no more; absent: until it is revoked. */
  readonly validTo?: EpochSeconds;
  readonly revoked: boolean;
  /** Why it was given, in the consumer's words. */
  readonly reason?: string;
  readonly created: EpochSeconds;
  readonly lastUpdated: EpochSeconds;
};

/** What a delegation is at a moment. Only `ACTIVE` lets a supplier act. */
export const DELEGATION_STATES = ['ACTIVE', 'REVOKED', 'EXPIRED', 'FUTURE'] as const;
export type DelegationState = (typeof DELEGATION_STATES)[number];

/** The state of a delegation at a moment; revoked stays revoked, whatever its period says. */
export function delegationState(
  { revoked, validFrom, validTo }: Pick<Delegation, 'revoked' | 'validFrom' | 'validTo'>,
  now: EpochSeconds,
): DelegationState {
  if (revoked) return 'REVOKED';
  if (validTo !== undefined && validTo <= now) return 'EXPIRED';
  return validFrom !== undefined && validFrom > now ? 'FUTURE' : 'ACTIVE';
}

/** When a delegation holds, unless it is revoked: from the first moment, and from the second no more. */
export type Period = Pick<Delegation, 'validFrom' | 'validTo'>;

/** Whether the moment lies in one of the periods. */
export function isWithin(periods: readonly Period[], now: EpochSeconds): boolean {
  return periods.some((period) => delegationState({ ...period, revoked: false }, now) === 'ACTIVE');
}

/** What a supplier needs a delegation for: one scope, in the name of one consumer. */
export type DelegatedScope = {
  readonly scope: string;
  readonly consumerOrgno: OrganizationNumber;
  readonly supplierOrgno: OrganizationNumber;
};

/** Which delegations are listed: those that match every member that is given, of the first four at least one. */
export type DelegationFilter = {
  readonly consumerOrgno?: OrganizationNumber;
  readonly supplierOrgno?: OrganizationNumber;
  /** Those that hold this scope, perhaps among others. */
  readonly scope?: string;
  /** Those that hold a scope of this owner. */
  readonly ownerOrgno?: OrganizationNumber;
  /** Those alone that are neither revoked nor over at this moment. */
  readonly notOverAt?: EpochSeconds;
  /** Those alone that let the supplier act at this moment: begun as well, and between active organisations. */
  readonly inForceAt?: EpochSeconds;
  /** Those alone whose id comes after this one, for the next page. */
  readonly after?: string;
  /** No more than this. */
  readonly limit?: number;
};
