import { setTimeout as pause } from 'node:timers/promises';
import type { Portvakt } from '../../proving/portvakt.ts';
import type { Asked } from '../arguments.ts';
import { sustainLoad } from '../load/sustained-load.ts';
import { failuresOf, replay } from '../measures/replay.ts';
import { latencyOf } from '../measures/rounds.ts';
import type { Outcome } from '../report/outcome.ts';
import { latencyJson } from '../report/tokens.ts';
import { withPortvakt } from './one-portvakt.ts';

/** Replaces all workers again and again under load, and counts the requests that fail: none may. @param tell hears of the progress. */
export async function measureReloads(asked: Asked, tell: (line: string) => void): Promise<Outcome> {
  const { reloads, rate, workers } = asked;
  return withPortvakt(asked, async ({ server, target }) => {
    const state = { done: 0, isOver: false };
    const reloading = (async () => {
      for (; state.done < reloads; state.done++) {
        tell(`reload ${state.done + 1} of ${reloads}`);
        await reload(server);
      }
    })().finally(() => (state.isOver = true));
    const [load] = await Promise.all([sustainLoad(target, rate, () => !state.isOver), reloading]);
    const { p50, p99 } = latencyOf(load);
    const spent = await replay(target);
    return {
      lines: [
        `${workers} workers, replaced ${reloads} times by SIGHUP; open loop of ${rate} requests a second`,
        `${load.tokens} requests, ${load.errors} failed`,
        `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms; a replay was answered with ${spent}`,
      ],
      json: {
        ...{ workers, reloads, rate, requests: load.tokens, failed: load.errors, replay: spent },
        ...latencyJson({ p50, p99 }),
      },
      failures: failuresOf({ ...target, ...load, replay: spent }),
    };
  });
}

/** How long one may take, in milliseconds, and how often it is looked at. */
const LONGEST = 120_000;
const LOOK = 50;

/** It is over when no worker of before is left. @throws {Error} when it takes too long */
async function reload(server: Portvakt): Promise<void> {
  const before = new Set(server.workers());
  const began = performance.now();
  server.signal('SIGHUP');
  while (server.workers().some((pid) => before.has(pid))) {
    if (performance.now() - began > LONGEST) throw new Error('a reload did not end');
    await pause(LOOK);
  }
}
