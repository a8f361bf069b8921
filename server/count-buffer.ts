import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Log } from './core/ports.ts';

/** How often counts are written, in milliseconds. */
const INTERVAL = 5_000;

/** Most different things that are counted between two writes: a few megabytes. */
const MOST = 20_000;

/** How many are written at a time, so that no token waits for it. */
const SLICE = 500;

/**
 * Counts in memory, and writes every few seconds and at the end, off the token path. What the store does not take, and what goes
 * beyond the bound on memory, is lost and logged: it is only figures.
 */
export class CountBuffer<Count> {
  readonly #store: { add(counts: readonly Count[]): Promise<void> };
  readonly #log: Log;
  readonly #what: string;
  readonly #timer: NodeJS.Timeout;
  readonly #counts = new Map<string, Count>();
  #beyond = 0;
  #writing: Promise<void> = Promise.resolve();

  /** @param what is counted, as the log calls it. */
  constructor(store: { add(counts: readonly Count[]): Promise<void> }, log: Log, what: string) {
    this.#store = store;
    this.#log = log;
    this.#what = what;
    this.#timer = setInterval(() => void this.#write(), INTERVAL).unref();
  }

  /** Counts one of the name: the next of those known, or the first. */
  count(name: string, next: (known: Count | undefined) => Count): void {
    const known = this.#counts.get(name);
    if (known !== undefined || this.#counts.size < MOST) this.#counts.set(name, next(known));
    else this.#beyond++;
  }

  /** Writes what has been counted, and counts no more by itself. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#write();
  }

  /** One write at a time; it never rejects. */
  #write(): Promise<void> {
    this.#writing = this.#writing.then(async () => {
      const counts = [...this.#counts.values()];
      this.#counts.clear();
      const lost = `${this.#what} were lost`;
      if (this.#beyond > 0) this.#log.warn(lost, { detail: `${this.#beyond} beyond ${MOST} pairs` });
      this.#beyond = 0;
      try {
        await this.#add(counts);
      } catch (error) {
        this.#log.error(lost, { error: String(error) });
      }
    });
    return this.#writing;
  }

  async #add(counts: readonly Count[]): Promise<void> {
    for (let start = 0; start < counts.length; start += SLICE) {
      await this.#store.add(counts.slice(start, start + SLICE));
      await nextTurn();
    }
  }
}
