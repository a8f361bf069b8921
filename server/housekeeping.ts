import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ClockWatch } from './clock.ts';
import type { Log, Storage } from './core/ports.ts';

/** How often the clock is looked at and spent assertions that are over are removed, in milliseconds. */
const INTERVAL = 5_000;

/** How many go at a time, so that no one waits for it. `PV-SEC-035` */
const SLICE = 1_000;

/** Starts what must be done now and then. @returns what ends it */
export function keepHouse(storage: Storage, watch: ClockWatch, log: Log): () => void {
  const timer = setInterval(async () => {
    watch.look();
    try {
      await removeOver(storage, watch);
    } catch (error) {
      log.error('pruning failed', { error: String(error) });
    }
  }, INTERVAL).unref();
  return () => clearInterval(timer);
}

/** Removes the spent assertions that are surely over, a slice a turn. */
async function removeOver(storage: Storage, watch: ClockWatch): Promise<void> {
  const moment = watch.surelyPast();
  if (moment === undefined) return;
  while ((await storage.assertions.prune(moment, SLICE)) === SLICE) await nextTurn();
}
