import type { Monotonic } from './clock.ts';

/** How often the event loop is asked for a sign of life, in seconds. */
const EVERY = 0.1;

/** Later than this, in seconds, and the server is not ready. `PV-SEC-125` */
const TOO_LATE = 0.5;

/** How long a delay is remembered, in seconds: one that is over is no reason to stay away, but a balancer must have had time to see it. */
const MEMORY = 5;

/** Watches how late the event loop is: by a timer, and by how long ago it ought to have rung. `PV-SEC-125` */
export class LoopWatch {
  readonly #monotonic: Monotonic;
  #timer: NodeJS.Timeout | undefined;
  #rang: number;
  #delays: readonly { readonly at: number; readonly by: number }[] = [];

  constructor(monotonic: Monotonic = () => performance.now() / 1000) {
    this.#monotonic = monotonic;
    this.#rang = monotonic();
  }

  /** Watches from now on. What was before is no sign of anything: a start is one long piece of work. */
  begin(): void {
    this.#rang = this.#monotonic();
    this.#timer = setInterval(() => this.look(), EVERY * 1000).unref();
  }

  /** The timer has rung. */
  look(): void {
    const now = this.#monotonic();
    const by = this.#lateness(now);
    // Those that came before a longer one will never be the longest again.
    this.#delays = [...this.#delays.filter((delay) => delay.at > now - MEMORY && delay.by > by), { at: now, by }];
    this.#rang = now;
  }

  /** Seconds that it was late by, at worst, within the memory; what has not rung yet counts. */
  lag(): number {
    const now = this.#monotonic();
    const worst = this.#delays.find(({ at }) => at > now - MEMORY)?.by ?? 0;
    return Math.max(worst, this.#lateness(now));
  }

  isTooLate(): boolean {
    return this.lag() > TOO_LATE;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #lateness(now: number): number {
    return Math.max(0, now - this.#rang - EVERY);
  }
}
