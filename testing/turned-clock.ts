import { performance } from 'node:perf_hooks';

/** Between these certificates and keys can be made around the moment. RFC 5280 §4.1.2.5 */
const EARLIEST = Date.UTC(1990) / 1000;
const LATEST = Date.UTC(2100) / 1000;

/** The clock that a server under test lives by. It runs on as any clock does, and a test turns it forward. */
export class TurnedClock {
  #offset: number;
  #turned = 0;

  /** @param start what it shows first; absent: this machine's time. @throws {RangeError} for a moment before 1990 or after 2099 */
  constructor(start: Date = new Date()) {
    this.#offset = within(start.getTime() / 1000) - Date.now() / 1000;
  }

  /** Seconds since 1970, with a fraction. */
  now(): number {
    return Date.now() / 1000 + this.#offset;
  }

  /** The same as a date, as `currentDate` of jose has it. */
  date(): Date {
    return new Date(this.now() * 1000);
  }

  /** Seconds ahead of this machine's clock. */
  get offset(): number {
    return this.#offset;
  }

  /** Lets time pass. @throws {RangeError} for a time that is no number, goes back, or ends after 2099 */
  turn(seconds: number): void {
    if (typeof seconds !== 'number' || !(seconds >= 0))
      throw new RangeError(`a clock is turned forward, by seconds; got ${seconds}`);
    within(this.now() + seconds);
    this.#offset += seconds;
    this.#turned += seconds;
  }

  /** Seconds that have passed, those that were turned among them: to the server no time was skipped. */
  monotonic(): number {
    return performance.now() / 1000 + this.#turned;
  }
}

function within(seconds: number): number {
  if (seconds >= EARLIEST && seconds < LATEST) return seconds;
  throw new RangeError('a clock shows a moment between 1990 and 2099');
}
