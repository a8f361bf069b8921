import { DAY, type EpochSeconds, HOUR, MINUTE } from '../server/core/time.ts';
import { Failure } from './failure.ts';

/** RFC 3339 in UTC, as JSON spells time. */
export function rfc3339(at: EpochSeconds): string {
  return new Date(at * 1000).toISOString().replace('.000Z', 'Z');
}

/** A moment as a person reads it, with how far it is from now: `in 12 days, 2026-12-03`; within a day with the time of day. */
export function relative(at: EpochSeconds, { now, utc }: { readonly now: EpochSeconds; readonly utc: boolean }): string {
  const distance = Math.round(at - now);
  const far = Math.abs(distance);
  const amount = span(far);
  return `${distance < 0 ? `${amount} ago` : `in ${amount}`}, ${date(at, utc)}${far < DAY ? ` ${timeOfDay(at, utc)}` : ''}`;
}

/** The day of a moment in RFC 3339. */
export function day(moment: string): string {
  return moment.slice(0, 10);
}

/** The last day, in UTC, on which something holds that is over at the moment: what ends with a day is over as the next begins. */
export function lastDay(moment: string): string {
  return day(rfc3339(seconds(moment) - 1));
}

/** How many seconds after 1970 a moment in RFC 3339 is. */
export function seconds(moment: string): EpochSeconds {
  return Math.floor(Date.parse(moment) / 1000);
}

const UNITS = [
  [DAY, 'day'],
  [HOUR, 'hour'],
  [MINUTE, 'minute'],
  [1, 'second'],
] as const;

function span(seconds: number): string {
  const [size, unit] = UNITS.find(([size]) => seconds >= 2 * size) ?? [1, 'second'];
  const count = Math.floor(seconds / size);
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

function date(at: EpochSeconds, utc: boolean): string {
  return utc ? rfc3339(at).slice(0, 10) : local(at).slice(0, 10);
}

function timeOfDay(at: EpochSeconds, utc: boolean): string {
  return utc ? `${rfc3339(at).slice(11, 19)}Z` : local(at).slice(11, 19);
}

function local(at: EpochSeconds): string {
  return rfc3339(at - new Date(at * 1000).getTimezoneOffset() * MINUTE);
}

const SIZES: Readonly<Record<string, number>> = { s: 1, m: MINUTE, h: HOUR, d: DAY };

/** Reads `10s`, `5m`, `2h`, `3d`, or bare seconds. @returns seconds, or undefined for anything else */
export function parseDuration(text: string): number | undefined {
  const [, amount, unit = 's'] = /^([0-9]{1,9})([smhd])?$/.exec(text) ?? [];
  return amount === undefined ? undefined : Number(amount) * (SIZES[unit] ?? 1);
}

/**
 * A day, in UTC, or a moment in RFC 3339 as the API takes it: a day that begins something from its first second on, one that ends
 * something until it is over.
 * @throws {Failure} `invalid`
 */
export function instantOf(text: string, edge: 'begins' | 'ends'): string {
  const isDay = /^\d{4}-\d\d-\d\d$/.test(text);
  const at = /^\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d))?$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at))
    throw new Failure('invalid', `"${text}" is neither a day nor a moment; nothing was sent`, {
      fix: 'write 2027-12-31, or 2027-12-31T12:00:00Z',
    });
  return rfc3339(Math.floor(at / 1000) + (isDay && edge === 'ends' ? DAY : 0));
}
