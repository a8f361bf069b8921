import { setImmediate as nextTurn } from 'node:timers/promises';
import { StoreUnavailable } from '../core/ports.ts';

/** Work that holds the event loop for longer, in milliseconds, lets all others have their turn before the next begins. */
const LONG = 50;

/** Longest that work waits to be begun, in milliseconds: what comes later finds nobody who still listens. */
export const LONGEST_WAIT = 4_000;

/**
 * Lets one writer at a time use the store's writing connection, in the order they came. A failed write does not hold up the next.
 *
 * On a slow disk work holds the event loop as long as its commit takes. What waits is then begun one after the other with a turn of the
 * loop between, so that time-outs are heard and requests are read, and not begun at all when it has waited for too long.
 */
export class WriteQueue {
  readonly #attempt: Attempt;
  readonly #longestWait: number;
  #last: Promise<unknown> = Promise.resolve();
  #wasLong = false;

  /** @param attempt does the work; by itself or, where something stands in the way, again. */
  constructor(attempt: Attempt, longestWait = LONGEST_WAIT) {
    this.#attempt = attempt;
    this.#longestWait = longestWait;
  }

  /**
   * Runs the work when all earlier work has ended. Work that queues more work and awaits it would wait for ever.
   * @param since when it began to wait, by `performance.now()`
   * @throws {StoreUnavailable} when it was not begun, because it had waited for too long
   */
  run<T>(work: () => T | Promise<T>, since = performance.now()): Promise<T> {
    const result = this.#last.then(() => this.#begin(work, since));
    // The outcome belongs to the caller; the queue only has to know that it is over.
    this.#last = result.then(over, over);
    return result;
  }

  /** Runs the last work, which lets go of what the rest needs: it is begun however long it has waited. */
  end<T>(work: () => T | Promise<T>): Promise<T> {
    return this.run(work, Number.POSITIVE_INFINITY);
  }

  async #begin<T>(work: () => T | Promise<T>, since: number): Promise<T> {
    if (this.#wasLong) await nextTurn();
    const begun = performance.now();
    this.#wasLong = false;
    if (begun - since > this.#longestWait) throw new StoreUnavailable(`a write waited for longer than ${this.#longestWait} ms`);
    try {
      return await this.#attempt(work);
    } finally {
      this.#wasLong = performance.now() - begun > LONG;
    }
  }
}

/** How work is done. */
type Attempt = <T>(work: () => T | Promise<T>) => Promise<T>;

function over(): void {}
