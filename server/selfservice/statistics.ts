import { z } from 'zod';
import { Fault } from '../core/fault.ts';
import { STATISTIC_KEYS, type Statistic, type StatisticWish } from '../core/statistics.ts';
import { isOperator } from './audit-list.ts';
import { Page, pageQuery } from './paging.ts';
import { beginOfPeriod, periodOf, periodQuery, stretchOf } from './periods.ts';
import { type Call, type Route, route } from './route.ts';

const query = pageQuery.extend({
  by: z.enum(STATISTIC_KEYS).default('scope'),
  ...periodQuery.shape,
  of: z.enum(['own', 'scopes']).default('own').meta({
    description: 'scopes: what was asked of the own scopes, by whomever; own: what was asked by or for the own organisation',
  }),
});

const shape = z
  .object({
    period: z.string().meta({ examples: ['2026-11', '2026-11-29', '2026-11-29T08'] }),
    scope: z.string().exactOptional(),
    consumer_orgno: z.string().exactOptional(),
    supplier_orgno: z.string().exactOptional().meta({ description: 'empty where nobody acted for the consumer' }),
    client_id: z.string().exactOptional().meta({ description: "empty where it is another organisation's" }),
    code: z.string().exactOptional().meta({ description: 'of refusals; empty of tokens' }),
    tokens: z.int().min(0).exactOptional(),
    refusals: z.record(z.string(), z.int()).exactOptional(),
    sealed: z.literal(true).exactOptional().meta({ description: 'its month is sealed: the figures change no more' }),
    gap: z.literal(true).exactOptional().meta({ description: 'not everything of the time could be counted' }),
    reason: z
      .string()
      .exactOptional()
      .meta({
        description:
          'of a gap. pruned: it was taken out of the audit before it was counted; late: it came when its month had been closed',
        examples: ['pruned', 'late'],
      }),
  })
  .meta({ id: 'TokenStatistic' });

/** How many tokens there were, and how many refusals. Own API, statistics */
export const statisticRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/statistics/tokens',
    manners: 'own',
    scopes: ['portvakt:statistics.read'],
    summary: 'Tokens and refusals by hour, day or month, counted from the audit: the own ones, for the operator all',
    query,
    answer: z.array(shape),
    handle: async (call: Call<z.infer<typeof query>>) => {
      const wish = await wishOf(call);
      await call.ports.storage.statistics.fold();
      return pageOf(call, wish);
    },
  }),
];

type Place = Pick<StatisticWish, 'by' | 'per' | 'from' | 'to' | 'owner' | 'party'>;

async function wishOf(call: Call<z.infer<typeof query>>): Promise<Place> {
  const { by, per, of } = call.query;
  const wish = { by, per, ...stretchOf(call.query, call.now) };
  if (of === 'own') return { ...wish, ...((await isOperator(call)) ? {} : { party: call.caller.orgno }) };
  if (by !== 'client') return { ...wish, owner: call.caller.orgno };
  throw new Fault('PV-601', {
    fields: [{ object: 'query', field: 'by', message: "must not be client of other organisations' clients" }],
  });
}

/** Gaps come before the figures, on the first page. */
async function pageOf(
  { query: { limit = 50, cursor }, cursors, ports }: Call<z.infer<typeof query>>,
  wish: Place,
): Promise<Page> {
  const { statistics } = ports.storage;
  const place = cursor === undefined ? undefined : (JSON.parse(cursors.open(cursor)) as StatisticWish['after']);
  // What comes before the page's first period need not be looked at again.
  const from = place === undefined ? wish.from : Math.max(wish.from, beginOfPeriod(place.period));
  const found = await statistics.list({ ...wish, from, limit: limit + 1, ...(place && { after: place }) });
  const sealed = (await statistics.months()).findLast(({ seal }) => seal)?.to ?? 0;
  const rows = found.slice(0, limit);
  const last = rows.at(-1);
  const gaps = place === undefined ? await statistics.gaps(wish.from, wish.to) : [];
  const shown = rows.map((row) => ({
    ...show(row, wish.by),
    ...(beginOfPeriod(row.period) < sealed && { sealed: true }),
  }));
  const missing = gaps.map(({ from, to, reason }) => ({
    period: `${periodOf(from, 'hour')}/${periodOf(to, 'hour')}`,
    gap: true,
    reason,
  }));
  const next = found.length > limit && last ? cursors.seal(JSON.stringify({ period: last.period, key: last.key })) : undefined;
  return new Page([...missing, ...shown], next);
}

const NAMES = {
  ...{ scope: 'scope', consumer: 'consumer_orgno', supplier: 'supplier_orgno', client: 'client_id', code: 'code' },
} as const;

function show({ period, key, tokens, refusals }: Statistic, by: StatisticWish['by']): object {
  return { period, [NAMES[by]]: key, tokens, refusals };
}
