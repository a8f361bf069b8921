import { descriptors, residentSize } from '../../proving/process-tree.ts';
import type { Asked } from '../arguments.ts';
import { sustainLoad } from '../load/sustained-load.ts';
import { flatness, type Sample } from '../measures/flatness.ts';
import { failuresOf, replay } from '../measures/replay.ts';
import { goal, type Outcome } from '../report/outcome.ts';
import { table } from '../report/table.ts';
import { withPortvakt } from './one-portvakt.ts';

/** Memory of a worker under load. performance.md */
const MOST_MEBIBYTES = 180;

/** A load of some length, memory and descriptors of every worker looked at each second. @param tell hears of the progress. */
export async function measureSoak(asked: Asked, tell: (line: string) => void): Promise<Outcome> {
  const { soak, rate, workers } = asked;
  return withPortvakt(asked, async ({ server, target }) => {
    tell(`${soak} seconds of ${rate} requests a second`);
    const pids = server.workers();
    const watch = new Watch(pids);
    const ends = performance.now() + soak * 1000;
    const load = await sustainLoad(target, rate, () => performance.now() < ends).finally(() => watch.end());
    const found = watch.samples.map((samples, n) => ({ pid: pids[n] ?? 0, ...flatness(samples) }));
    const spent = await replay(target);
    const most = Math.max(...found.map(({ memory }) => memory.most));
    return {
      lines: [
        `${workers} workers, ${soak} s of an open loop of ${rate} requests a second: ${load.tokens} requests, ${load.errors} failed`,
        '',
        ...table([
          ['WORKER', 'MiB BEGINNING', 'MiB END', 'MiB MOST', 'MiB/MINUTE', 'FILES BEGINNING', 'FILES END', 'FILES MOST'],
          ...found.map(({ memory, files }, n) => [
            `${n + 1}`,
            ...[memory.beginning, memory.end, memory.most].map((octets) => octets.toFixed(0)),
            ...[memory.perMinute.toFixed(2), `${files.beginning}`, `${files.end}`, `${files.most}`],
          ]),
        ]),
        'beginning and end are medians of the second and of the last quarter of the time',
        goal('memory of the largest worker', most, MOST_MEBIBYTES, ' MiB'),
        `a replay was answered with ${spent}`,
      ],
      json: {
        ...{ workers, seconds: soak, rate, requests: load.tokens, failed: load.errors, replay: spent },
        workers_found: found.map(({ memory, files }) => ({
          memory_mib: { ...memory, perMinute: undefined, per_minute: memory.perMinute },
          descriptors: { ...files, perMinute: undefined, per_minute: files.perMinute },
        })),
      },
      failures: [
        ...failuresOf({ ...target, ...load, replay: spent }),
        ...found.flatMap(({ memory, files, isWhole }, n) => [
          ...(isWhole ? [] : [`worker ${n + 1} ended during the load`]),
          ...(memory.isFlat
            ? []
            : [`the memory of worker ${n + 1} grew from ${memory.beginning.toFixed(0)} to ${memory.end.toFixed(0)} MiB`]),
          ...(files.isFlat ? [] : [`the descriptors of worker ${n + 1} grew from ${files.beginning} to ${files.end}`]),
        ]),
      ],
    };
  });
}

/** Milliseconds between two looks. */
const EVERY = 1_000;

class Watch {
  readonly samples: readonly Sample[][];
  readonly #pids: readonly number[];
  readonly #timer: NodeJS.Timeout;

  constructor(pids: readonly number[]) {
    this.#pids = pids;
    this.samples = pids.map(() => []);
    this.#timer = setInterval(() => this.#look(), EVERY);
    this.#look();
  }

  end(): void {
    clearInterval(this.#timer);
    this.#look();
  }

  #look(): void {
    for (const [n, pid] of this.#pids.entries()) {
      const octets = residentSize(pid);
      const files = descriptors(pid);
      const at = performance.now() / 1000;
      this.samples[n]?.push(octets === undefined || files === undefined ? { at } : { at, mebibytes: octets / 2 ** 20, files });
    }
  }
}
