import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Log, TokenCount, TokenCounter, TokenCounts } from './core/ports.ts';
import type { EpochSeconds } from './core/time.ts';

/** How often the counts are written, in milliseconds. */
const INTERVAL = 5_000;

/** Most pairs of client and scope that are counted between two writes: a few megabytes. */
const MAX_PAIRS = 20_000;

/** How many are written at a time, so that no token waits for it. */
const SLICE = 500;

/**
 * Counts in memory, and writes every few seconds and at the end, off the token path. What the store does not take, and what goes
 * beyond the bound on memory, is lost and logged: it is only figures.
 */
export class BufferedTokenCounter implements TokenCounter {
  readonly #store: TokenCounts;
  readonly #log: Log;
  readonly #timer: NodeJS.Timeout;
  readonly #pairs = new Map<string, Counting>();
  #beyond = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(store: TokenCounts, log: Log) {
    this.#store = store;
    this.#log = log;
    this.#timer = setInterval(() => void this.#write(), INTERVAL).unref();
  }

  issued(clientId: string, scopes: readonly string[], at: EpochSeconds): void {
    for (const scope of scopes) this.#count(clientId, scope, at);
  }

  /** Writes what has been counted, and counts no more by itself. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#write();
  }

  /** Neither of the two names can hold a space. */
  #count(clientId: string, scope: string, at: EpochSeconds): void {
    const name = `${clientId} ${scope}`;
    const known = this.#pairs.get(name);
    if (known) {
      known.tokens++;
      known.lastToken = at;
    } else if (this.#pairs.size < MAX_PAIRS) this.#pairs.set(name, { clientId, scope, tokens: 1, lastToken: at });
    else this.#beyond++;
  }

  /** One write at a time; it never rejects. */
  #write(): Promise<void> {
    this.#writing = this.#writing.then(async () => {
      const counts = [...this.#pairs.values()];
      this.#pairs.clear();
      if (this.#beyond > 0) this.#log.warn('token counts were lost', { detail: `${this.#beyond} beyond ${MAX_PAIRS} pairs` });
      this.#beyond = 0;
      try {
        await this.#add(counts);
      } catch (error) {
        this.#log.error('token counts were lost', { error: String(error) });
      }
    });
    return this.#writing;
  }

  async #add(counts: readonly TokenCount[]): Promise<void> {
    for (let start = 0; start < counts.length; start += SLICE) {
      await this.#store.add(counts.slice(start, start + SLICE));
      await nextTurn();
    }
  }
}

type Counting = { -readonly [member in keyof TokenCount]: TokenCount[member] };
