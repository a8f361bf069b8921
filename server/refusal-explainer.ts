import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Monotonic } from './clock.ts';
import { explainRefusal, isProven, type Refusal } from './core/explain-refusal.ts';
import type { KeptExplanation, KeptExplanations } from './core/kept-explanation.ts';
import type { Measures } from './core/measures.ts';
import type { Log, RefusedRequests } from './core/ports.ts';

/** Most refusals that wait to be explained, of each kind: with assertions of the largest size some megabytes. */
const WAITING = 64;

/** Most that are kept in one commit. */
const BATCH = 64;

/** In so many batches everything is kept that waits at a time: that in work, those of both kinds, and the end. */
const MOST_BATCHES = 1 + (2 * WAITING) / BATCH + 1;

/** How long it rests after a commit, in milliseconds, so that many refusals share few commits. */
const REST = 50;

/** How often it is logged how many were dropped, in milliseconds. */
const TOLD_EVERY = 60_000;

/** Of what nobody has proven to have sent so much less is explained. */
const STRANGERS_SHARE = 5;

type Means = {
  readonly explanations: Pick<KeptExplanations, 'add'>;
  readonly measures: Pick<Measures, 'explanations'>;
  readonly log: Log;
  /** Most in a second of what clients have signed. */
  readonly perSecond: number;
  readonly monotonic?: Monotonic;
};

/**
 * Explains refusals off the token path: one at a time, between other work, so many a second and no more. What clients have proven to
 * have sent has its own places, which nobody else can take. What there is no place or time for is dropped and counted: a flood of
 * refusals costs a flood of refusals, and a fixed amount besides.
 */
export class RefusalExplainer implements RefusedRequests {
  readonly #means: Means;
  readonly #proven: Lane;
  readonly #strangers: Lane;
  readonly #timer: NodeJS.Timeout;
  #working: Promise<void> | undefined;
  #rest: { readonly timer: NodeJS.Timeout; readonly end: () => void } | undefined;
  #batch = Promise.withResolvers<void>();
  #untold = 0;

  constructor(means: Means) {
    const { perSecond, monotonic = () => performance.now() / 1000 } = means;
    this.#means = means;
    this.#proven = new Lane(perSecond, monotonic);
    this.#strangers = new Lane(perSecond / STRANGERS_SHARE, monotonic);
    this.#timer = setInterval(() => this.#tell(), TOLD_EVERY).unref();
  }

  note(refusal: Refusal): void {
    const lane = isProven(refusal) ? this.#proven : this.#strangers;
    if (lane.take(refusal)) this.#working ??= this.#work();
    else this.#drop();
  }

  /** What comes meanwhile is not waited for: in a flood there is no end of it. */
  async settled(): Promise<void> {
    for (let batches = 0; this.#working && batches <= MOST_BATCHES; batches++) {
      this.#rest?.end();
      await this.#batch.promise;
    }
  }

  /** Keeps what is left, and tells of what was dropped. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    while (this.#working) await this.settled();
    this.#tell();
  }

  async #work(): Promise<void> {
    // The refusals of this turn are answered first.
    await nextTurn();
    for (let batch = await this.#explainSome(); batch.length > 0; batch = await this.#explainSome()) {
      await this.#keep(batch);
      this.#ended();
      await this.#pause();
    }
    // What came while it ended.
    this.#working = this.#proven.isEmpty && this.#strangers.isEmpty ? undefined : this.#work();
    this.#ended();
  }

  #ended(): void {
    this.#batch.resolve();
    this.#batch = Promise.withResolvers();
  }

  async #explainSome(): Promise<readonly KeptExplanation[]> {
    const batch: KeptExplanation[] = [];
    while (batch.length < BATCH) {
      const next = this.#next();
      if (!next) break;
      const explanation = await this.#explain(next);
      if (explanation) batch.push(explanation);
      await nextTurn();
    }
    return batch;
  }

  #next(): Refusal | undefined {
    return this.#proven.next() ?? this.#strangers.next();
  }

  async #explain(refusal: Refusal): Promise<KeptExplanation | undefined> {
    try {
      return await explainRefusal(refusal);
    } catch (error) {
      this.#fail(error, 1);
      return undefined;
    }
  }

  async #keep(batch: readonly KeptExplanation[]): Promise<void> {
    try {
      await this.#means.explanations.add(batch);
      this.#means.measures.explanations.kept += batch.length;
    } catch (error) {
      this.#fail(error, batch.length);
    }
  }

  #pause(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const end = (): void => {
      clearTimeout(timer);
      this.#rest = undefined;
      resolve();
    };
    const timer = setTimeout(end, REST);
    this.#rest = { timer, end };
    return promise;
  }

  #drop(): void {
    this.#means.measures.explanations.busy++;
    this.#untold++;
  }

  #fail(error: unknown, count: number): void {
    const { measures, log } = this.#means;
    measures.explanations.failed += count;
    log.error('refusals are not explained', { error: String(error) });
  }

  #tell(): void {
    if (this.#untold === 0) return;
    this.#means.log.warn('refusals are not explained', { detail: `${this.#untold} too many` });
    this.#untold = 0;
  }
}

/** What waits, in the order it came; so many places, and so many taken in a second. */
class Lane {
  readonly #waiting: Refusal[] = [];
  readonly #perSecond: number;
  readonly #monotonic: Monotonic;
  #left: number;
  #since: number;

  constructor(perSecond: number, monotonic: Monotonic) {
    this.#perSecond = perSecond;
    this.#monotonic = monotonic;
    this.#left = this.#most;
    this.#since = monotonic();
  }

  /** @returns whether there was a place. */
  take(refusal: Refusal): boolean {
    if (this.#waiting.length >= WAITING || !this.#allows()) return false;
    this.#waiting.push(refusal);
    return true;
  }

  next(): Refusal | undefined {
    return this.#waiting.shift();
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** A second's worth may come at once. */
  get #most(): number {
    return Math.max(1, this.#perSecond);
  }

  #allows(): boolean {
    const now = this.#monotonic();
    this.#left = Math.min(this.#most, this.#left + (now - this.#since) * this.#perSecond);
    this.#since = now;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}

/** Explains nothing: where nothing is to be kept. */
export const SILENT: RefusedRequests & { close(): Promise<void> } = {
  note: () => {},
  settled: async () => {},
  close: async () => {},
};
