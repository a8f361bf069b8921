import { z } from 'zod';
import { MINUTE } from '../core/time.ts';
import { pageQuery, takePage } from './paging.ts';
import { beginOfPeriod, endOfPeriod, periodOf, periodQuery, stretchOf } from './periods.ts';
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
    handle: async (call: Asked) => {
      const rows = await rowsOf(call);
      return takePage(call, rows, { key: ({ period }) => period, show: (row) => row });
    },
  }),
];

type Asked = Call<z.infer<typeof query>>;

/** Every period since the first look, those too in which nobody looked. */
async function rowsOf({ query, now, ports }: Asked): Promise<readonly z.infer<typeof shape>[]> {
  const { per } = query;
  const { readiness } = ports.storage;
  const asked = stretchOf(query, now);
  const sums = new Map((await readiness.list({ per, ...asked })).map((sum) => [sum.period, sum]));
  const [from, to] = [Math.max(asked.from, (await readiness.since()) ?? now), Math.min(asked.to, now)];
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
