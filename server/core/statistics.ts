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

/**
 * A time of which not everything is counted: `pruned`, what had been taken out of the audit before; `late`, what came into it after the
 * month had been closed.
 */
export type StatisticGap = { readonly from: EpochSeconds; readonly to: EpochSeconds; readonly reason: string };

/** A month into which nothing is counted any more; without a seal it is still to be summed up. */
export type ClosedMonth = {
  /** Its first second. */
  readonly from: EpochSeconds;
  /** The first second after it. */
  readonly to: EpochSeconds;
  readonly seal?: MonthSeal;
};

/** What a closed month comes to. */
export type MonthSum = {
  /** How many different figures there are. */
  readonly figures: number;
  readonly tokens: number;
  readonly refusals: number;
  /** SHA-256 over the figures in the order of their keys, each as canonical JSON and a line feed; hex. */
  readonly digest: string;
};

/** What it came to when it was sealed, which the audit says too. */
export type MonthSeal = MonthSum & { readonly at: EpochSeconds };

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
  /** The months that are closed, oldest first. */
  months(): Promise<ClosedMonth[]>;
  /**
   * Closes the month that follows the last closed one, or the first that has anything, unless it ends after the moment or the audit is not
   * wholly counted: from then on no figure of it changes, whoever counts.
   * @returns a month that is closed and not sealed, this one or an earlier one; undefined: there is none
   */
  close(ended: EpochSeconds): Promise<ClosedMonth | undefined>;
  /** Sums up a stretch of hours as it stands, a part at a time. */
  sum(from: EpochSeconds, to: EpochSeconds): Promise<MonthSum>;
}
