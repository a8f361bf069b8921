import { z } from 'zod';
import { type EpochSeconds, HOUR, MINUTE } from '../core/time.ts';
import { pageQuery, takePage } from './paging.ts';
import { beginOfPeriod, endOfPeriod, periodOf, periodQuery, type Stretch, stretchOf } from './periods.ts';
import { type Call, type Route, route } from './route.ts';

const query = pageQuery.extend(periodQuery.shape);

const shape = z
  .object({
    period: z.string().meta({ examples: ['2026-11', '2026-11-29', '2026-11-29T08'] }),
    ready: z.int().min(0).meta({ description: 'minutes in which every look found the server ready' }),
    disturbed: z.int().min(0).meta({ description: 'minutes in which some looks, or some servers, were ready and others not' }),
    not_ready: z.int().min(0).meta({ description: 'minutes in which no look found it ready' }),
    unknown: z
      .int()
      .min(0)
      .meta({ description: 'minutes in which nobody looked: no server ran, or what it saw was lost with it' }),
  })
  .meta({ id: 'Readiness' });

/** Whether the server could be used. Own API, statistics */
export const readinessRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/statistics/readiness',
    manners: 'own',
    scopes: ['portvakt:statistics.read'],
    summary: 'How the server was found by itself, in minutes by hour, day or month, since it was looked for the first time',
    query,
    answer: z.array(shape),
    handle: async (call: Call<z.infer<typeof query>>) => {
      const rows = await rowsOf(call, await lookedAt(call));
      return takePage(call, rows, { key: ({ period }) => period, show: (row) => row });
    },
  }),
];

type Asked = Call<z.infer<typeof query>>;

/** What of the time that is meant has passed since the first look. */
async function lookedAt({ query, now, ports }: Asked): Promise<Stretch> {
  const { from, to } = stretchOf(query, now);
  const since = (await ports.storage.readiness.since()) ?? now;
  return { from: Math.max(from, since), to: Math.min(to, now) };
}

/** Every period, those too in which nobody looked. */
async function rowsOf({ query: { per }, ports }: Asked, { from, to }: Stretch): Promise<readonly z.infer<typeof shape>[]> {
  const sums = new Map((await ports.storage.readiness.list({ per, from: hourOf(from), to })).map((sum) => [sum.period, sum]));
  const rows: z.infer<typeof shape>[] = [];
  for (let at = from; at < to; at = endOfPeriod(periodOf(at, per))) {
    const period = periodOf(at, per);
    const { ready = 0, both = 0, unready = 0 } = sums.get(period) ?? {};
    const passed = Math.min(endOfPeriod(period), to) - Math.max(beginOfPeriod(period), from);
    const unknown = Math.max(Math.floor(passed / MINUTE) - ready - both - unready, 0);
    rows.push({ period, ready, disturbed: both, not_ready: unready, unknown });
  }
  return rows;
}

function hourOf(moment: EpochSeconds): EpochSeconds {
  return moment - (moment % HOUR);
}
