import { z } from 'zod';
import { invalidField } from '../core/fault.ts';
import { beginOfMonth, type Month, monthName, monthOf, readMonth } from '../core/month.ts';
import type { ClosedMonth, StatisticGap } from '../core/statistics.ts';
import type { EpochSeconds } from '../core/time.ts';
import { isOperator } from './audit-list.ts';
import { type Call, type Route, route } from './route.ts';
import { instant, instantShape } from './wire.ts';

/** Months that are told at most, and unless asked. */
const MOST = 120;
const USUAL = 13;

const monthShape = z.string().refine((text) => readMonth(text) !== undefined, 'must be a month such as 2026-11, from 1970 on');

const query = z.object({
  from: monthShape
    .optional()
    .meta({ description: `the first month; absent: ${USUAL - 1} before the last`, examples: ['2026-01'] }),
  to: monthShape.optional().meta({ description: 'the last month; absent: the one that runs', examples: ['2026-11'] }),
});

const STATES = ['to_come', 'running', 'over', 'sealed'] as const;

const shape = z
  .object({
    month: z.string().meta({ examples: ['2026-11'] }),
    state: z.enum(STATES).meta({ description: 'over: it has ended, and may still change; sealed: its figures change no more' }),
    covers: z.enum(['everybody', 'own']).meta({ description: 'whose figures the caller is shown: the operator everybody’s' }),
    gap: z.literal(true).exactOptional().meta({ description: 'not everything of the month could be counted' }),
    sealed: instantShape.exactOptional().meta({ description: 'when' }),
    figures: z
      .int()
      .exactOptional()
      .meta({ description: 'different figures of a sealed month; for the operator, as what follows' }),
    tokens: z.int().exactOptional(),
    refusals: z.int().exactOptional(),
    digest: z
      .string()
      .exactOptional()
      .meta({ description: 'SHA-256 of the figures, in hex, as the audit record statistics.sealed has it' }),
  })
  .meta({ id: 'StatisticMonth' });

/** What has become of the months. Own API, statistics */
export const statisticMonthRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/statistics/months',
    manners: 'own',
    scopes: ['portvakt:statistics.read'],
    summary: 'Which months are over, and which are sealed: what those came to, for the operator with the digest',
    query,
    answer: z.array(shape),
    handle: async (call: Call<z.infer<typeof query>>) => {
      const months = monthsOf(call.query, call.now);
      const { statistics } = call.ports.storage;
      const [closed, gaps, operator] = await Promise.all([
        statistics.months(),
        statistics.gaps(beginOfMonth(months[0] ?? 0), beginOfMonth((months.at(-1) ?? 0) + 1)),
        isOperator(call),
      ]);
      return months.map((month) => toWire(month, { closed, gaps, operator, now: call.now }));
    },
  }),
];

function monthsOf({ from, to }: z.infer<typeof query>, now: EpochSeconds): readonly Month[] {
  const last = readMonth(to ?? '') ?? monthOf(now);
  const first = readMonth(from ?? '') ?? Math.max(last - USUAL + 1, 0);
  if (first > last) throw invalidField('query', 'to', 'must not come before from');
  if (last - first >= MOST) throw invalidField('query', 'from', `must be at most ${MOST - 1} months before to`);
  return Array.from({ length: last - first + 1 }, (_, place) => first + place);
}

type Known = {
  readonly closed: readonly ClosedMonth[];
  readonly gaps: readonly StatisticGap[];
  readonly operator: boolean;
  readonly now: EpochSeconds;
};

/** What everybody's figures come to is the operator's alone: of few figures a digest tells them. `PV-SEC-083` */
function toWire(month: Month, { closed, gaps, operator, now }: Known): z.infer<typeof shape> {
  const [from, to] = [beginOfMonth(month), beginOfMonth(month + 1)];
  const seal = closed.find((each) => each.from === from)?.seal;
  const { at, ...sum } = seal ?? {};
  return {
    month: monthName(month),
    state: seal ? 'sealed' : now < from ? 'to_come' : now < to ? 'running' : 'over',
    covers: operator ? 'everybody' : 'own',
    ...(gaps.some((gap) => gap.from < to && gap.to > from) && { gap: true }),
    ...(at !== undefined && { sealed: instant(at) }),
    ...(operator && sum),
  };
}
