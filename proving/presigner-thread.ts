import { parentPort } from 'node:worker_threads';
import { makeAssertion } from '../fixtures/assertion.ts';
import { ASSERTION_MAX_LIFETIME } from '../server/core/settings.ts';
import type { AssertionOrder } from './presigner.ts';

parentPort?.on('message', async (orders: readonly AssertionOrder[]) => {
  const now = Math.floor(Date.now() / 1000);
  const sign = (order: AssertionOrder): Promise<string> => makeAssertion({ lifetime: ASSERTION_MAX_LIFETIME, ...order, now });
  parentPort?.postMessage(await Promise.all(orders.map(sign)));
});
