import { createHash, type Hash } from 'node:crypto';
import { canonicalJson } from '../audit/canonical-json.ts';
import { beginOfMonth, monthOf } from '../core/month.ts';
import type { ClosedMonth, MonthSum, StatisticWish } from '../core/statistics.ts';
import { type EpochSeconds, HOUR } from '../core/time.ts';

/** A record of the audit that is to be counted. */
export type Folded = {
  readonly sequence: number;
  readonly at: number;
  readonly type: string;
  readonly clientId: string | null;
  readonly orgno: string | null;
  readonly details: string;
};

/** What is counted together: one kind in one hour. */
export type FigureKind = {
  readonly hour: number;
  readonly scope: string;
  readonly consumer: string;
  readonly supplier: string;
  readonly client: string;
  readonly code: string;
};

/** How many there were of it. */
export type Figure = FigureKind & { readonly count: number };

type Details = {
  readonly scopes?: readonly string[];
  readonly consumer_orgno?: string;
  readonly supplier_orgno?: string;
  readonly code?: string;
  readonly refusals?: Readonly<Record<string, number>>;
};

/** The figures of some records, those of one kind summed up. Verdicts that still hung on others are not counted, the final ones are. */
export function figuresOf(records: readonly Folded[]): Iterable<Figure> {
  const sums = new Map<string, Figure>();
  for (const figure of records.flatMap(ofRecord)) {
    const { count, ...kind } = figure;
    const name = JSON.stringify(Object.values(kind));
    sums.set(name, { ...kind, count: count + (sums.get(name)?.count ?? 0) });
  }
  return sums.values();
}

function ofRecord({ type, at, clientId, orgno, details }: Folded): readonly Figure[] {
  const hour = at - (at % HOUR);
  if (type === 'token.refused_unproven') {
    const { refusals = {} } = JSON.parse(details) as Details;
    const nobody = { hour, scope: '', consumer: '', supplier: '', client: '' };
    return Object.entries(refusals).map(([code, count]) => ({ ...nobody, code, count }));
  }
  if (type !== 'token.issuing' && type !== 'token.refused') return [];
  const { scopes = [], consumer_orgno, supplier_orgno = '', code = '' } = JSON.parse(details) as Details;
  const kind = {
    hour,
    consumer: consumer_orgno ?? orgno ?? '',
    supplier: supplier_orgno,
    client: clientId ?? '',
    code,
    count: 1,
  };
  return ['', ...scopes].map((scope) => ({ ...kind, scope }));
}

/** Figures that can still be counted, and the hours of those that cannot: their month is closed. */
export type Parted = { readonly open: readonly Figure[]; readonly late: readonly EpochSeconds[] };

/** @param closed the moment before which nothing is counted any more */
export function parted(figures: Iterable<Figure>, closed: EpochSeconds): Parted {
  const all = [...figures];
  const late = new Set(all.filter(({ hour }) => hour < closed).map(({ hour }) => hour));
  return { open: all.filter(({ hour }) => hour >= closed), late: [...late].sort((one, other) => one - other) };
}

/** Figures that are summed up at a time, so that no token waits for it. */
export const PART = 2_000;

/**
 * Sums up figures, from those of an hour on.
 * @param next at most {@link PART} figures behind a kind, in the order of the primary key.
 */
export async function sumUp(from: EpochSeconds, next: (behind: FigureKind) => Promise<readonly Figure[]>): Promise<MonthSum> {
  const sum = new FigureSum();
  let behind: FigureKind = { hour: from - 1, scope: '', consumer: '', supplier: '', client: '', code: '' };
  for (;;) {
    const part = await next(behind);
    sum.add(part);
    behind = part.at(-1) ?? behind;
    if (part.length < PART) return sum.end();
  }
}

/** Figures summed up in their order, so that the sum is the same in every store. */
class FigureSum {
  readonly #hash: Hash = createHash('sha256');
  #figures = 0;
  #tokens = 0;
  #refusals = 0;

  add(figures: readonly Figure[]): void {
    for (const { hour, scope, consumer, supplier, client, code, count } of figures) {
      const figure = { hour, scope, consumer_orgno: consumer, supplier_orgno: supplier, client_id: client, code, count };
      this.#hash.update(`${canonicalJson(figure)}\n`);
      if (scope !== '') continue;
      if (code === '') this.#tokens += count;
      else this.#refusals += count;
    }
    this.#figures += figures.length;
  }

  end(): MonthSum {
    return { figures: this.#figures, tokens: this.#tokens, refusals: this.#refusals, digest: this.#hash.digest('hex') };
  }
}

/** A closed month as the table holds it. */
export type MonthRow = {
  readonly first: EpochSeconds;
  readonly last: EpochSeconds;
  readonly sealed: EpochSeconds | null;
  readonly figures: number | null;
  readonly tokens: number | null;
  readonly refusals: number | null;
  readonly digest: string | null;
};

/** A closed month as the core has it. */
export function toMonth({ first, last, sealed, figures, tokens, refusals, digest }: MonthRow): ClosedMonth {
  const isSealed = sealed !== null && figures !== null && tokens !== null && refusals !== null && digest !== null;
  return { from: first, to: last, ...(isSealed && { seal: { at: sealed, figures, tokens, refusals, digest } }) };
}

/** Whether the figures by the month can answer: whole months are asked for. */
export function isByMonth({ per, from, to }: Pick<StatisticWish, 'per' | 'from' | 'to'>): boolean {
  return per === 'month' && [from, to].every((moment) => beginOfMonth(monthOf(moment)) === moment);
}
