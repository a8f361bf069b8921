import type { Month } from '../../server/core/month.ts';
import type { EpochSeconds } from '../../server/core/time.ts';
import type { AuditRecord } from '../audit-records.ts';
import type { Expiring } from '../endings.ts';
import type { ReadinessRow, StatisticMonth } from '../statistic-shapes.ts';

/** Tokens and refusals of one thing in one month. */
export type Figure = {
  readonly month: Month;
  /** A scope, an organisation's number or a code; empty where there is none. */
  readonly key: string;
  readonly tokens: number;
  readonly refusals: number;
};

/** A time of which not everything is counted. */
export type Gap = { readonly period: string; readonly reason: string };

/** Figures from one point of view: everybody's, the own ones, or those of the own scopes. */
export type Usage = {
  readonly whose: 'everybody' | 'own' | 'scopes';
  /** Of the years that are compared: by code, where the empty one is a token; and by scope. */
  readonly codes: readonly Figure[];
  readonly scopes: readonly Figure[];
  /** Of the month. */
  readonly consumers: readonly Figure[];
  readonly suppliers: readonly Figure[];
  readonly gaps: readonly Gap[];
};

/** What only some clients may read: what was read, or which scope it takes. */
export type Readable<T> = { readonly found: T } | { readonly takes: string };

/** All that a report tells. */
export type Gathered = {
  readonly month: Month;
  /** What has become of it. */
  readonly standing: StatisticMonth;
  readonly server: string;
  readonly now: EpochSeconds;
  readonly usages: readonly Usage[];
  readonly readiness: { readonly months: readonly ReadinessRow[]; readonly days: readonly ReadinessRow[] };
  /** The newest first. */
  readonly changes: Readable<{ readonly records: readonly AuditRecord[]; readonly isCut: boolean }>;
  /** The first to end first. */
  readonly endings: Readable<readonly Expiring[]>;
  readonly names: ReadonlyMap<string, string>;
};
