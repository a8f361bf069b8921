import type { OrganizationNumber } from './organization.ts';
import type { EpochSeconds } from './time.ts';

/** What figures are told apart by. */
export const STATISTIC_KEYS = ['scope', 'consumer', 'supplier', 'client', 'code'] as const;
export type StatisticKey = (typeof STATISTIC_KEYS)[number];

/** How long a period is. All are of UTC. */
export const STATISTIC_PERIODS = ['hour', 'day', 'month'] as const;
export type StatisticPeriod = (typeof STATISTIC_PERIODS)[number];

/** What is asked of the figures. */
export type StatisticWish = {
  readonly by: StatisticKey;
  readonly per: StatisticPeriod;
  readonly from: EpochSeconds;
  /** The moment after the last. */
  readonly to: EpochSeconds;
  /** Whose figures: those with its scopes, or those of its consumers and suppliers; absent: everybody's. */
  readonly owner?: OrganizationNumber;
  readonly party?: OrganizationNumber;
  /** Only figures that come after it. */
  readonly after?: { readonly period: string; readonly key: string };
  readonly limit: number;
};

/** Figures of one thing in one period. */
export type Statistic = {
  /** `2026-11`, `2026-11-29` or `2026-11-29T08`. */
  readonly period: string;
  readonly key: string;
  readonly tokens: number;
  readonly refusals: Readonly<Record<string, number>>;
};

/** A time of which not everything could be counted. */
export type StatisticGap = { readonly from: EpochSeconds; readonly to: EpochSeconds; readonly reason: string };

/** Tokens and refusals, counted from the audit and from nothing else: what was durable when it was answered is counted once. */
export interface Statistics {
  /**
   * Counts the next records of the audit, a slice, in one transaction with how far it has come.
   * @returns whether more may be left.
   */
  fold(): Promise<boolean>;
  /** In the order of periods and keys. */
  list(wish: StatisticWish): Promise<Statistic[]>;
  gaps(from: EpochSeconds, to: EpochSeconds): Promise<StatisticGap[]>;
}
