import type { Month } from '../../server/core/month.ts';
import type { Figure } from './gathered.ts';

/** Rows of a list of the greatest. */
export const TOP = 20;

/** Those with the most tokens, and of as many the most refusals; what has no name is none of them. */
export function topOf(figures: readonly Figure[], many: number): readonly Figure[] {
  return figures
    .filter(({ key }) => key !== '')
    .toSorted((one, other) => other.tokens - one.tokens || other.refusals - one.refusals || (one.key < other.key ? -1 : 1))
    .slice(0, many);
}

/** What figures come to. */
export type Total = { readonly tokens: number; readonly refusals: number };

/** Sums them up. */
export function totalOf(figures: readonly Figure[]): Total {
  return figures.reduce((sum, { tokens, refusals }) => ({ tokens: sum.tokens + tokens, refusals: sum.refusals + refusals }), {
    tokens: 0,
    refusals: 0,
  });
}

/** Those of some months, from the one up to and with the other. */
export function between(figures: readonly Figure[], first: Month, last: Month): readonly Figure[] {
  return figures.filter(({ month }) => month >= first && month <= last);
}

/** Tokens month by month of each year that has any, the last year last: a month to come is undefined. */
export function yearsOf(figures: readonly Figure[], last: Month): readonly Year[] {
  const first = Math.min(last, ...figures.filter(({ tokens }) => tokens > 0).map(({ month }) => month));
  const years = Array.from({ length: yearOf(last) - yearOf(first) + 1 }, (_, place) => yearOf(first) + place);
  return years.map((year) => ({
    year: 1_970 + year,
    months: Array.from({ length: 12 }, (_, place) => {
      const month = year * 12 + place;
      return month > last ? undefined : totalOf(between(figures, month, month)).tokens;
    }),
  }));
}

/** Tokens of its months, from January on. */
export type Year = { readonly year: number; readonly months: readonly (number | undefined)[] };

function yearOf(month: Month): number {
  return Math.floor(month / 12);
}
