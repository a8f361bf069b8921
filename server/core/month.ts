import { DAY, type EpochSeconds } from './time.ts';

/** A month of UTC: how many there were before it since January 1970. */
export type Month = number;

/** Reads a month such as `2026-11`. @returns undefined for what is none, and for one before 1970 */
export function readMonth(text: string): Month | undefined {
  const [, year, number] = /^([0-9]{4})-(0[1-9]|1[0-2])$/.exec(text) ?? [];
  const month = 12 * (Number(year) - 1_970) + Number(number) - 1;
  return month >= 0 ? month : undefined;
}

/** As {@link readMonth} reads it. */
export function monthName(month: Month): string {
  return `${1_970 + Math.floor(month / 12)}-${String((month % 12) + 1).padStart(2, '0')}`;
}

/** Its first second. */
export function beginOfMonth(month: Month): EpochSeconds {
  return Date.UTC(1_970, month) / 1000;
}

/** The month that a moment is in. */
export function monthOf(moment: EpochSeconds): Month {
  const about = Math.floor(moment / (30.436_875 * DAY));
  return [about + 1, about].find((month) => beginOfMonth(month) <= moment) ?? about - 1;
}
