import { performance } from 'node:perf_hooks';
import type { Clock, Every, Log } from './core/ports.ts';
import { type EpochSeconds, MINUTE } from './core/time.ts';

/** The machine's wall clock. */
export const systemClock: Clock = { now: () => Date.now() / 1000 };

/** By the machine's own timers, which keep no process alive. */
export const systemEvery: Every = (seconds, work) => {
  const timer = setInterval(() => void work(), seconds * 1000).unref();
  return () => clearInterval(timer);
};

/** Seconds that pass whatever anyone does to the wall clock. */
export type Monotonic = () => number;

const machineMonotonic: Monotonic = () => performance.now() / 1000;

/** A wall clock that leaves the monotonic one by more than this between two looks has jumped, in seconds. `PV-SEC-027` */
const JUMP = 30;

/** How long a clock must run straight after a jump to be believed again, in seconds. */
const CONFIRMATION = MINUTE;

/**
 * How long the wall clock's readings are remembered, in seconds: longer than any assertion can be used, with its lifetime, skew,
 * leeway and the margin of PV-SEC-031.
 */
const MEMORY = 5 * MINUTE;

/**
 * Watches the wall clock against the monotonic one. A jump is logged, counted and makes the clock unsteady until it has run
 * straight for a minute. `PV-SEC-027`
 */
export class ClockWatch {
  readonly #clock: Clock;
  readonly #monotonic: Monotonic;
  readonly #log: Log;
  #last: Reading;
  readonly #onJump: () => void;
  #unsteadyUntil = Number.NEGATIVE_INFINITY;
  #readings: Reading[];

  constructor(clock: Clock, log: Log, monotonic: Monotonic = machineMonotonic, onJump = () => {}) {
    this.#onJump = onJump;
    this.#clock = clock;
    this.#log = log;
    this.#monotonic = monotonic;
    this.#last = this.#read();
    this.#readings = [this.#last];
  }

  /** Takes a look at both clocks; to be called every few seconds. */
  look(): void {
    const reading = this.#read();
    const jump = reading.wall - this.#last.wall - (reading.monotonic - this.#last.monotonic);
    if (Math.abs(jump) > JUMP) {
      this.#unsteadyUntil = reading.monotonic + CONFIRMATION;
      this.#onJump();
      this.#log.warn('the clock jumped', { detail: `${Math.round(jump)} s` });
    }
    this.#last = reading;
    const oldest = this.#readings.findLastIndex(({ monotonic }) => monotonic <= reading.monotonic - MEMORY);
    this.#readings = [...this.#readings.slice(Math.max(oldest, 0)), reading];
  }

  /** The wall clock's whole seconds. */
  now(): EpochSeconds {
    return Math.floor(this.#clock.now());
  }

  /** Whether the clock has not jumped lately. */
  steady(): boolean {
    return this.#monotonic() >= this.#unsteadyUntil;
  }

  /**
   * The moment before which everything is over, whatever the wall clock was set to meanwhile: its lowest reading within the
   * memory, so that neither a step forward nor its repair makes a spent assertion usable again. `PV-SEC-031`
   * @returns undefined until there is a memory that long.
   */
  surelyPast(): EpochSeconds | undefined {
    const [first] = this.#readings;
    if (!first || first.monotonic > this.#last.monotonic - MEMORY) return undefined;
    return Math.floor(Math.min(...this.#readings.map(({ wall }) => wall)));
  }

  #read(): Reading {
    return { wall: this.#clock.now(), monotonic: this.#monotonic() };
  }
}

/** Most that a node's clock may be from the store's, in seconds. `PV-SEC-028` */
const APART = 5;

/**
 * Whether the clock is too far from the store's, which all nodes have in common. Asking takes time, which is nobody's fault.
 * @param ask the store for its time; undefined: its clock is this machine's
 */
export async function isApart(clock: Clock, ask: () => Promise<number | undefined>): Promise<boolean> {
  const before = clock.now();
  const told = await ask();
  return told !== undefined && (told < before - APART || told > clock.now() + APART);
}

type Reading = { readonly wall: number; readonly monotonic: number };
