import type { StatisticPeriod } from './statistics.ts';
import { type EpochSeconds, MINUTE } from './time.ts';

/** How the servers of a store were found in a minute: all ready, none, or some. */
export const FOUND = { ready: '+', unready: '-', both: '~', nobodyLooked: '.' } as const;
export type Found = (typeof FOUND)[keyof typeof FOUND];

/** What was found in one minute. */
export type ReadinessLook = { readonly minute: EpochSeconds; readonly found: Exclude<Found, '.'> };

/** How many minutes of a period were of each kind. */
export type ReadinessSum = {
  /** As that of a statistic. */
  readonly period: string;
  readonly ready: number;
  readonly both: number;
  readonly unready: number;
};

/** How the server was found, minute by minute, by itself. Figures, as durable as the store lets them be: what nobody saw is not there. */
export interface Readiness {
  /** Adds what was found; where another look of the minute found something else, it was both. */
  add(looks: readonly ReadinessLook[]): Promise<void>;
  /** In the order of the periods; those in which nobody looked are left out. From and to are whole hours. */
  list(wish: { readonly per: StatisticPeriod; readonly from: EpochSeconds; readonly to: EpochSeconds }): Promise<ReadinessSum[]>;
  /** The first minute in which anybody looked; undefined before. */
  since(): Promise<EpochSeconds | undefined>;
}

/** The minute that a moment is in. */
export function minuteOf(moment: EpochSeconds): EpochSeconds {
  return moment - (moment % MINUTE);
}
