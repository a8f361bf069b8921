import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { AssertionOptions } from '../fixtures/assertion.ts';

/** What the assertions of a target say; their `iat` is the moment of signing, their `jti` a new one each. */
export type AssertionOrder = Omit<AssertionOptions, 'now' | 'jti'>;

/** Signs assertions ahead of a load, on every core. */
export type Presigner = {
  /** So many distinct assertions. They live two minutes: send them at once. */
  sign(order: AssertionOrder, count: number): Promise<string[]>;
  close(): Promise<void>;
};

/** Opens a presigner with a thread for every core. */
export function openPresigner(): Presigner {
  const workers = Array.from(
    { length: availableParallelism() },
    () => new Worker(new URL('presigner-thread.ts', import.meta.url)),
  );
  return {
    sign: async (order, count) => {
      const share = Math.ceil(count / workers.length);
      const signed = await Promise.all(workers.map((worker) => signOn(worker, order, share)));
      return signed.flat().slice(0, count);
    },
    close: async () => {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

async function signOn(worker: Worker, order: AssertionOrder, count: number): Promise<string[]> {
  const signed = once(worker, 'message');
  worker.postMessage({ order, count });
  const [assertions] = await signed;
  return assertions;
}
