import type { Clock, Every } from '../server/core/ports.ts';
import type { EpochSeconds } from '../server/core/time.ts';

type Work = { readonly seconds: number; readonly work: () => Promise<void>; due: number };

/** A machine's time, which passes when it is told to. The wall clock can be set wrong; the monotonic one cannot. */
export class TurningClock {
  readonly #start: EpochSeconds;
  readonly #works = new Set<Work>();
  #passed = 0;
  #wrong = 0;

  constructor(start: EpochSeconds) {
    this.#start = start;
  }

  /** What the machine believes. */
  readonly clock: Clock = { now: () => this.truth + this.#wrong };

  readonly monotonic = (): number => this.#passed;

  readonly every: Every = (seconds, work) => {
    const entry = { seconds, work, due: this.#passed + seconds };
    this.#works.add(entry);
    return () => void this.#works.delete(entry);
  };

  /** What everybody else's clock says. */
  get truth(): number {
    return this.#start + this.#passed;
  }

  /** Sets the wall clock: what it says from now on, it says so much later. */
  step(seconds: number): void {
    this.#wrong += seconds;
  }

  /** Lets time pass, and has done what is due by then, once. */
  async pass(seconds: number): Promise<void> {
    this.#passed += seconds;
    for (const entry of this.#works) {
      if (entry.due > this.#passed) continue;
      entry.due = this.#passed + entry.seconds;
      await entry.work();
    }
  }
}
