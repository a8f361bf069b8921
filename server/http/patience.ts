import { Fault } from '../core/fault.ts';

/** Longest that a token request is worked on, in milliseconds: clients wait hardly longer, and none should be left without an answer. */
export const LONGEST_WORK = 8_000;

/** Seconds after which one may come again. */
const RETRY_AFTER = 1;

/**
 * Waits for work, for so many milliseconds: the store may be slow, or a source that is asked. What comes of it later is told to nobody: of a token request a used assertion, and no token.
 * @throws {Fault} PV-508 when it takes longer
 */
export async function withinPatience<T>(work: Promise<T>, longest = LONGEST_WORK): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Fault('PV-508', { retryAfter: RETRY_AFTER })), longest);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
