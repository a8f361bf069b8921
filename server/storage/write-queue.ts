/**
 * Lets one writer at a time use the store's writing connection, in the order they came. A failed write does not hold up the next.
 */
export class WriteQueue {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs the work when all earlier work has ended. Work that queues more work and awaits it would wait for ever. */
  run<T>(work: () => T | Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    // The outcome belongs to the caller; the queue only has to know that it is over.
    this.#last = result.then(over, over);
    return result;
  }
}

function over(): void {}
