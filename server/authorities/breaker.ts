import { Unasked, Unreachable } from './http-service.ts';

/** How many questions in a row may go unanswered before the rest are spared the wait. */
const LIMIT = 5;

/** How long they are then refused at once, in milliseconds. */
const PAUSE = 5_000;

/** Refused without asking, because it would be in vain. */
export class Paused extends Error {
  override readonly name = 'Paused';
  /** Milliseconds until somebody is asked again. */
  readonly remaining: number;

  constructor(remaining: number) {
    super('has not answered lately, and is not asked for a moment');
    this.remaining = remaining;
  }
}

/**
 * Spares everybody the wait for a service that does not answer: after some questions in vain there is a pause, and after that one
 * question goes out to try. A service that answers, whatever it answers, is reachable.
 */
export class Breaker {
  readonly #elapsed: () => number;
  #failures = 0;
  #until = 0;
  #trying = false;

  /** @param elapsed milliseconds of a clock that nobody sets. */
  constructor(elapsed: () => number = () => performance.now()) {
    this.#elapsed = elapsed;
  }

  /** Asks, unless it is in vain. @throws {Paused} or whatever the question throws */
  async run<T>(ask: () => Promise<T>): Promise<T> {
    const trial = this.#failures >= LIMIT;
    if (trial) this.#assertTimeToTry();
    try {
      const answer = await ask();
      this.#failures = 0;
      return answer;
    } catch (error) {
      this.#note(error);
      throw error;
    } finally {
      if (trial) this.#trying = false;
    }
  }

  #assertTimeToTry(): void {
    const remaining = this.#until - this.#elapsed();
    if (remaining > 0 || this.#trying) throw new Paused(Math.max(remaining, 0));
    this.#trying = true;
  }

  #note(error: unknown): void {
    if (error instanceof Unasked) return;
    this.#failures = error instanceof Unreachable ? this.#failures + 1 : 0;
    if (this.#failures >= LIMIT) this.#until = this.#elapsed() + PAUSE;
  }
}
