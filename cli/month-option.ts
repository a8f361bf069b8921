import { InvalidArgumentError } from 'commander';
import { beginOfMonth, type Month, readMonth } from '../server/core/month.ts';

/** Reads a month as it is named on the command line. @throws {InvalidArgumentError} */
export function toMonth(text: string): Month {
  const month = readMonth(text);
  if (month === undefined) throw new InvalidArgumentError('It is a year and a month, such as 2026-11, from 1970 on.');
  return month;
}

/** From the first second of a month to that after another, or after the same, as the API is asked. */
export function stretchOf(first: Month, last: Month = first): { readonly from: string; readonly to: string } {
  const instant = (month: Month) => new Date(beginOfMonth(month) * 1000).toISOString();
  return { from: instant(first), to: instant(last + 1) };
}
