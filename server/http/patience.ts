import { StoreUnavailable } from '../core/ports.ts';

/** Longest that a token request is worked on, in milliseconds: clients wait hardly longer, and none should be left without an answer. */
export const LONGEST_WORK = 8_000;

/**
 * Waits for work on the store, for so many milliseconds. What comes of it later is told to nobody: of a token request a used assertion, and no token.
 * @throws {StoreUnavailable} when it takes longer
 */
export async function withinPatience<T>(work: Promise<T>, longest = LONGEST_WORK): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new StoreUnavailable(`the store took longer than ${longest} ms`)), longest);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
