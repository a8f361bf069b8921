/**
 * Lets one writer at a time use the store's writing connection, in the order they came. A failed write does not hold up the next.
 */
export class WriteQueue {
  readonly #attempt: Attempt;
  #last: Promise<unknown> = Promise.resolve();

  /** @param attempt does the work; by itself or, where something stands in the way, again. */
  constructor(attempt: Attempt) {
    this.#attempt = attempt;
  }

  /** Runs the work when all earlier work has ended. Work that queues more work and awaits it would wait for ever. */
  run<T>(work: () => T | Promise<T>): Promise<T> {
    const result = this.#last.then(() => this.#attempt(work));
    // The outcome belongs to the caller; the queue only has to know that it is over.
    this.#last = result.then(over, over);
    return result;
  }
}

/** How work is done. */
type Attempt = <T>(work: () => T | Promise<T>) => Promise<T>;

function over(): void {}
