import { z } from 'zod';
import { Fault, invalidField } from '../core/fault.ts';
import {
  STATISTIC_KEYS,
  STATISTIC_PERIODS,
  type Statistic,
  type StatisticPeriod,
  type StatisticWish,
} from '../core/statistics.ts';
import { DAY, HOUR } from '../core/time.ts';
import { isOperator } from './audit-list.ts';
import { Page, pageQuery } from './paging.ts';
import { type Call, type Route, route } from './route.ts';

/** The longest time that can be asked about, by the length of its periods, in days; and what is told unless asked. */
const FURTHEST: Readonly<Record<StatisticPeriod, number>> = { hour: 31, day: 400, month: 3_700 };
const USUAL: Readonly<Record<StatisticPeriod, number>> = { hour: 1, day: 31, month: 366 };

const query = pageQuery.extend({
  by: z.enum(STATISTIC_KEYS).default('scope'),
  per: z.enum(STATISTIC_PERIODS).default('day').meta({ description: 'of UTC' }),
  from: z.iso.datetime({ offset: true }).optional().meta({ description: 'the first moment; from its hour on' }),
  to: z.iso.datetime({ offset: true }).optional().meta({ description: 'the moment after the last; absent: now' }),
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
    gap: z.literal(true).exactOptional().meta({ description: 'not everything of the time could be counted' }),
    reason: z.string().exactOptional(),
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
  const to = call.query.to === undefined ? call.now : Math.ceil(Date.parse(call.query.to) / 1000);
  const asked = call.query.from === undefined ? to - USUAL[per] * DAY : Math.floor(Date.parse(call.query.from) / 1000);
  const from = asked - (asked % HOUR);
  if (from >= to) throw invalidField('query', 'to', 'must be later than from');
  if (to - asked > FURTHEST[per] * DAY)
    throw invalidField('query', 'from', `must be at most ${FURTHEST[per]} days before to, with per=${per}`);
  if (of === 'scopes') {
    if (by === 'client')
      throw new Fault('PV-601', {
        fields: [{ object: 'query', field: 'by', message: "must not be client of other organisations' clients" }],
      });
    return { by, per, from, to, owner: call.caller.orgno };
  }
  return { by, per, from, to, ...((await isOperator(call)) ? {} : { party: call.caller.orgno }) };
}

/** Gaps come before the figures, on the first page. */
async function pageOf(
  { query: { limit = 50, cursor }, cursors, ports }: Call<z.infer<typeof query>>,
  wish: Place,
): Promise<Page> {
  const { statistics } = ports.storage;
  const place = cursor === undefined ? undefined : (JSON.parse(cursors.open(cursor)) as StatisticWish['after']);
  const found = await statistics.list({ ...wish, limit: limit + 1, ...(place && { after: place }) });
  const rows = found.slice(0, limit);
  const last = rows.at(-1);
  const gaps = place === undefined ? await statistics.gaps(wish.from, wish.to) : [];
  const shown = rows.map((row) => show(row, wish.by));
  const missing = gaps.map(({ from, to, reason }) => ({ period: `${hourOf(from)}/${hourOf(to)}`, gap: true, reason }));
  const next = found.length > limit && last ? cursors.seal(JSON.stringify({ period: last.period, key: last.key })) : undefined;
  return new Page([...missing, ...shown], next);
}

const NAMES = {
  ...{ scope: 'scope', consumer: 'consumer_orgno', supplier: 'supplier_orgno', client: 'client_id', code: 'code' },
} as const;

function show({ period, key, tokens, refusals }: Statistic, by: StatisticWish['by']): object {
  return { period, [NAMES[by]]: key, tokens, refusals };
}

function hourOf(at: number): string {
  return new Date(at * 1000).toISOString().slice(0, 13);
}
