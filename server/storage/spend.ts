import { hash } from 'node:crypto';
import type { CommitMeasures } from '../core/measures.ts';
import { type SpendKey, StoreUnavailable } from '../core/ports.ts';
import { MINUTE } from '../core/time.ts';

/**
 * How long a spent assertion is remembered after it has ended, in seconds. It is applied where rows are removed, in every
 * adapter's `prune`; the row itself keeps the expiry that `spend` was given. `PV-SEC-031`
 */
export const REMEMBERED_AFTER_EXPIRY = MINUTE;

/**
 * The 16 bytes that stand for an assertion: SHA-256 over client, kind (0 `jti`, 1 signing input) and value, each text preceded
 * by its length in bytes so that no two read alike, cut to half. `PV-SEC-032`, `PV-SEC-033`
 */
export function spendDigest(key: SpendKey): Buffer {
  const [kind, value] = 'jti' in key ? [0, key.jti] : [1, key.signingInput];
  return hash('sha256', `${measured(key.clientId)}${kind}${measured(value)}`, 'buffer').subarray(0, 16);
}

/** Most entries in one commit, so that a burst holds the event loop for milliseconds at a time. */
export const MAX_BATCH = 256;

/**
 * Commits the entries together, durably or not at all. Answers for each, in their order, whether it was fresh.
 * @param since when the first of them began to wait, by `performance.now()`
 */
export type Commit<Entry> = (batch: readonly Entry[], since: number) => Promise<readonly boolean[]>;

/**
 * Gathers what is spent in one turn of the event loop, and while a commit is on its way, into one commit: a commit for each would cost
 * most of the throughput, and a second one beside the first would only wait behind it.
 * An entry is answered after its commit, never before; when that fails, every entry of the batch is rejected. `PV-SEC-030`
 */
export class GroupCommit<Entry> {
  readonly #commit: Commit<Entry>;
  readonly #measured: CommitMeasures | undefined;
  #waiting: Waiting<Entry>[] = [];
  #isDue = false;
  #isCommitting = false;

  /** @param measured where it is counted how many entries share a commit, and how long it takes. */
  constructor(commit: Commit<Entry>, measured?: CommitMeasures) {
    this.#commit = commit;
    this.#measured = measured;
  }

  /** @returns whether the entry was fresh. Rejects as the commit does. */
  add(entry: Entry): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ entry, since: performance.now(), resolve, reject });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#isDue || this.#waiting.length === 0 || this.#isCommitting) return;
    this.#isDue = true;
    setImmediate(() => this.#flush());
  }

  async #flush(): Promise<void> {
    const batch = this.#waiting.splice(0, MAX_BATCH);
    this.#isDue = false;
    this.#isCommitting = true;
    const start = performance.now();
    try {
      const entries = batch.map(({ entry }) => entry);
      const fresh = await this.#commit(entries, batch[0]?.since ?? start);
      this.#measured?.entries.observe(batch.length);
      this.#measured?.seconds.observe((performance.now() - start) / 1000);
      for (const [place, { resolve }] of batch.entries()) resolve(fresh[place] === true);
    } catch (error) {
      for (const { reject } of batch) reject(error);
      if (error instanceof StoreUnavailable) this.#giveUp(error);
    } finally {
      this.#isCommitting = false;
      this.#schedule();
    }
  }

  /** What gathered behind a commit that found no store would wait as long, and find none. */
  #giveUp(error: StoreUnavailable): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}

type Waiting<Entry> = {
  readonly entry: Entry;
  readonly since: number;
  readonly resolve: (fresh: boolean) => void;
  readonly reject: (error: unknown) => void;
};

function measured(text: string): string {
  return `${Buffer.byteLength(text)}:${text}`;
}
