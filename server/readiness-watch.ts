import type { ClockWatch } from './clock.ts';
import type { FaultCode } from './core/catalogue.ts';
import type { Every, Log, Storage } from './core/ports.ts';
import { FOUND, minuteOf, type ReadinessLook } from './core/readiness.ts';
import type { EpochSeconds } from './core/time.ts';

/** How often it is looked, in seconds. */
const INTERVAL = 15;

/** Minutes that wait at most until the store can be written again: a day. */
const WAITING = 1_440;

type Watching = {
  readonly unready: () => Promise<FaultCode | undefined>;
  readonly watch: Pick<ClockWatch, 'now' | 'steady'>;
  readonly every: Every;
  readonly log: Log;
};

/**
 * Asks this process again and again what `/health/ready` would answer, and keeps it minute by minute. What the store cannot take waits in
 * memory: of a crash nothing is left but that nobody looked. While the clock is not to be believed no minute is known.
 * @returns what ends it
 */
export function watchReadiness({ readiness }: Pick<Storage, 'readiness'>, watching: Watching): () => Promise<void> {
  const seen = new Seen(readiness);
  let looking = Promise.resolve();
  const stop = watching.every(INTERVAL, () => {
    looking = looking.then(() => look(seen, watching));
    return looking;
  });
  return async () => {
    stop();
    await looking;
  };
}

/** One that is stopping has handed its work over, or nobody looks any more: it has nothing to say. */
async function look(seen: Seen, { unready, watch, log }: Watching): Promise<void> {
  // Where the store cannot be used it rejects.
  const code = await unready().catch(() => 'PV-502' as const);
  if (!watch.steady() || code === 'PV-504') return;
  try {
    await seen.keep({ minute: minuteOf(watch.now()), found: code === undefined ? FOUND.ready : FOUND.unready });
  } catch (error) {
    // It is due again in a moment, and readiness itself says why.
    log.warn('readiness could not be kept', { error: String(error) });
  }
}

/** What has been found and is to be kept, each minute once. */
class Seen {
  readonly #readiness: Storage['readiness'];
  /** By minute and what was found. */
  readonly #waiting = new Map<string, ReadinessLook>();
  readonly #kept = new Set<string>();
  #minute: EpochSeconds = 0;

  constructor(readiness: Storage['readiness']) {
    this.#readiness = readiness;
  }

  /** @throws {StoreUnavailable} and then it waits */
  async keep(look: ReadinessLook): Promise<void> {
    if (look.minute !== this.#minute) this.#kept.clear();
    this.#minute = look.minute;
    const name = `${look.minute} ${look.found}`;
    if (!this.#kept.has(name) && this.#waiting.size < WAITING) this.#waiting.set(name, look);
    if (this.#waiting.size === 0) return;
    await this.#readiness.add([...this.#waiting.values()]);
    for (const name of this.#waiting.keys()) this.#kept.add(name);
    this.#waiting.clear();
  }
}
