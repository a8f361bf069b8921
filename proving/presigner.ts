import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { AssertionOptions } from '../fixtures/assertion.ts';

/** What an assertion says; its `iat` is the moment of signing, its `jti` a new one. */
export type AssertionOrder = Omit<AssertionOptions, 'now' | 'jti'>;

/** Signs assertions ahead of a load, on every core. */
export type Presigner = {
  /** One for each order, each distinct. They live two minutes: send them at once. One call at a time. */
  sign(orders: readonly AssertionOrder[]): Promise<string[]>;
  close(): Promise<void>;
};

/** Opens a presigner with a thread for every core. */
export function openPresigner(): Presigner {
  const workers = Array.from(
    { length: availableParallelism() },
    () => new Worker(new URL('presigner-thread.ts', import.meta.url)),
  );
  return {
    sign: async (orders) => {
      const share = Math.ceil(orders.length / workers.length);
      const signed = await Promise.all(workers.map((worker, n) => signOn(worker, orders.slice(n * share, (n + 1) * share))));
      return signed.flat();
    },
    close: async () => {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

async function signOn(worker: Worker, orders: readonly AssertionOrder[]): Promise<string[]> {
  const signed = once(worker, 'message');
  worker.postMessage(orders);
  const [assertions] = await signed;
  return assertions;
}
