import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ClockWatch } from './clock.ts';
import type { Measures } from './core/measures.ts';
import type { Every, Log, Random, Storage } from './core/ports.ts';
import { HOUR } from './core/time.ts';
import { sealMonth } from './registry/statistic-months.ts';

/** How often the clock is looked at and spent assertions that are over are removed, in seconds. */
const INTERVAL = 5;

/** How many go at a time, so that no one waits for it. `PV-SEC-035` */
const SLICE = 1_000;

/** Most explanations of refusals that are kept of what nobody has proven to have caused: some fifty megabytes. */
const OF_STRANGERS = 100_000;

/** How old the last checkpoint of the audit is when a new one is made, in seconds. `PV-SEC-107` */
const CHECKPOINT_EVERY = HOUR;

/** Starts what must be done now and then. @returns what ends it */
export function keepHouse(storage: Storage, watch: ClockWatch, { every, measures, log, random, explained }: Means): () => void {
  return every(INTERVAL, async () => {
    watch.look();
    await attempt('pruning failed', () => removeOver(storage, watch, measures), log);
    await attempt('explanations could not be removed', () => forgetExplanations(storage, watch, explained), log);
    await attempt('tokens could not be counted', () => foldAll(storage), log);
    await attempt('no month could be sealed', () => sealMonths(storage, watch, random), log);
    await attempt('no checkpoint could be made', () => storage.audit.seal(watch.now(), watch.now() - CHECKPOINT_EVERY), log);
  });
}

/** Counts whatever has come into the audit, a slice a turn. */
async function foldAll({ statistics }: Storage): Promise<void> {
  while (await statistics.fold()) await nextTurn();
}

/** While the clock is not to be believed no month is over. */
async function sealMonths(storage: Storage, watch: ClockWatch, random: Random): Promise<void> {
  const surelyPast = watch.surelyPast();
  if (surelyPast === undefined || !watch.steady()) return;
  // Its record has to be counted like any other before the next month can be closed.
  while (await sealMonth(storage, { now: watch.now(), surelyPast, correlationId: random.traceId() })) await foldAll(storage);
}

/** What fails now is due again in a moment. */
async function attempt(failure: string, work: () => Promise<void>, log: Log): Promise<void> {
  try {
    await work();
  } catch (error) {
    log.error(failure, { error: String(error) });
  }
}

type Means = {
  readonly every: Every;
  readonly measures: Measures;
  readonly log: Log;
  readonly random: Random;
  /** How long explanations of refusals are kept, in seconds. */
  readonly explained: number;
};

/** Removes the spent assertions that are surely over, a slice a turn. */
async function removeOver(storage: Storage, watch: ClockWatch, measures: Measures): Promise<void> {
  const moment = watch.surelyPast();
  if (moment === undefined) return;
  for (;;) {
    const removed = await storage.assertions.prune(moment, SLICE);
    measures.pruned += removed;
    if (removed < SLICE) break;
    await nextTurn();
  }
  measures.cleared = watch.now();
}

/** Removes explanations that are too old, or too many, a slice a turn. */
async function forgetExplanations({ explanations }: Storage, watch: ClockWatch, kept: number): Promise<void> {
  // While the clock is not to be believed none is too old.
  const age = { now: watch.steady() ? watch.now() : 0, seconds: kept };
  while ((await explanations.prune(age, OF_STRANGERS, SLICE)) > 0) await nextTurn();
}
