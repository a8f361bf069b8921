import { z } from 'zod';
import { invalidField } from '../core/fault.ts';
import { beginOfMonth, monthOf, readMonth } from '../core/month.ts';
import { STATISTIC_PERIODS, type StatisticPeriod } from '../core/statistics.ts';
import { DAY, type EpochSeconds, HOUR } from '../core/time.ts';

/** The longest time that can be asked about, by the length of its periods, in days; and what is told unless asked. */
const FURTHEST: Readonly<Record<StatisticPeriod, number>> = { hour: 31, day: 400, month: 3_700 };
const USUAL: Readonly<Record<StatisticPeriod, number>> = { hour: 1, day: 31, month: 366 };

/** What says which time is meant, and into what it is cut. */
export const periodQuery = z.object({
  per: z.enum(STATISTIC_PERIODS).default('day').meta({ description: 'of UTC' }),
  from: z.iso.datetime({ offset: true }).optional().meta({ description: 'the first moment; from its hour on' }),
  to: z.iso
    .datetime({ offset: true })
    .optional()
    .meta({ description: 'the moment after the last; to the end of its hour; absent: now' }),
});

/** The first moment and the one after the last, both on the hour: within an hour nothing is told apart. */
export type Stretch = { readonly from: EpochSeconds; readonly to: EpochSeconds };

/** The time that is meant. @throws {Fault} PV-601 for one that lies before 1970, is none, or is too long for its periods */
export function stretchOf({ per, ...asked }: z.infer<typeof periodQuery>, now: EpochSeconds): Stretch {
  const to = asked.to === undefined ? now : Math.ceil(Date.parse(asked.to) / 1000);
  const first = asked.from === undefined ? to - USUAL[per] * DAY : Math.floor(Date.parse(asked.from) / 1000);
  if (first < 0) throw invalidField('query', asked.from === undefined ? 'to' : 'from', 'must not lie before 1970');
  const from = first - (first % HOUR);
  if (from >= to) throw invalidField('query', 'to', 'must be later than from');
  if (to - first > FURTHEST[per] * DAY)
    throw invalidField('query', 'from', `must be at most ${FURTHEST[per]} days before to, with per=${per}`);
  return { from, to: Math.ceil(to / HOUR) * HOUR };
}

/** The name of the period that a moment is in. */
export function periodOf(moment: EpochSeconds, per: StatisticPeriod): string {
  return new Date(moment * 1000).toISOString().slice(0, { hour: 13, day: 10, month: 7 }[per]);
}

/** The first second of a period by its name, such as `2026-11`, `2026-11-29` or `2026-11-29T08`. */
export function beginOfPeriod(name: string): EpochSeconds {
  return Date.parse(name.length === 13 ? `${name}:00Z` : name) / 1000;
}

/** The first second after a period. */
export function endOfPeriod(name: string): EpochSeconds {
  const begin = beginOfPeriod(name);
  if (readMonth(name) !== undefined) return beginOfMonth(monthOf(begin) + 1);
  return begin + (name.length === 13 ? HOUR : DAY);
}
