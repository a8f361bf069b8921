import { closing } from '../../proving/closing.ts';
import { type DataDirectory, makeDataDirectory } from '../../proving/data-directory.ts';
import { worldOfRun } from '../../proving/made-world.ts';
import { servePortvakt } from '../../proving/portvakt.ts';
import type { Asked } from '../arguments.ts';
import { fillStore } from '../growth/fill.ts';
import { median } from '../load/statistics.ts';
import { goal, type Outcome } from '../report/outcome.ts';
import { table } from '../report/table.ts';

/** Seconds from start to ready. Issue 6 of the project */
const LONGEST = 0.7;

/** Starts `portvakt serve` again and again, on a small store and, where asked for, on a large one. @param tell hears of the progress. */
export async function measureStart({ starts, workers, growth }: Asked, tell: (line: string) => void): Promise<Outcome> {
  return closing(async (later) => {
    const { world } = await worldOfRun();
    const small = await makeDataDirectory(world);
    later(() => small.remove());
    const stores = [{ store: 'made-up world', directory: small }];
    if (growth) {
      const large = await makeDataDirectory(world);
      later(() => large.remove());
      await fillStore(large.database, growth, tell);
      stores.push({ store: `${growth.clients} clients, ${growth.grants} accesses`, directory: large });
    }
    const found: { store: string; times: readonly number[] }[] = [];
    for (const { store, directory } of stores) {
      tell(`${starts} starts on ${store}`);
      found.push({ store, times: await startTimes(directory, { starts, workers }) });
    }
    return outcome(found, { starts, workers });
  });
}

async function startTimes(directory: DataDirectory, { starts, workers }: Pick<Asked, 'starts' | 'workers'>): Promise<number[]> {
  // The first start on a machine fills the compile cache.
  await (await servePortvakt(directory, { workers })).stop();
  const times: number[] = [];
  for (let n = 0; n < starts; n++) {
    const server = await servePortvakt(directory, { workers });
    times.push(server.startTime / 1000);
    await server.stop();
  }
  return times;
}

function outcome(
  found: readonly { readonly store: string; readonly times: readonly number[] }[],
  { starts, workers }: Pick<Asked, 'starts' | 'workers'>,
): Outcome {
  return {
    lines: [
      `portvakt serve with ${workers} workers, ${starts} starts after one that fills the compile cache: seconds until it says that it is ready`,
      '',
      ...table([
        ['STORE', 'MEDIAN s', 'SHORTEST s', 'LONGEST s'],
        ...found.map(({ store, times }) => [
          store,
          ...[median(times), Math.min(...times), Math.max(...times)].map((time) => time.toFixed(2)),
        ]),
      ]),
      ...found.map(({ store, times }) => goal(`start on ${store}`, median(times), LONGEST, ' s')),
    ],
    json: {
      ...{ workers, starts },
      items: found.map(({ store, times }) => ({ store, median_seconds: median(times), seconds: times })),
    },
    failures: [],
  };
}
