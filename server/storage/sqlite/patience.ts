import { setTimeout as pause } from 'node:timers/promises';
import { isBusy } from './database.ts';

/** Between two tries for a lock, in milliseconds, the shortest there is: a try costs next to nothing, and a lock is held for about two. */
const PAUSE = 1;

/**
 * Does work that needs a lock which another process may hold, and waits for it without holding up the event loop. SQLite's own waiting
 * would: it sleeps, longer each time, so that beside a busy process it finds the lock free too seldom, and gives up.
 *
 * Work that met a lock has changed nothing: a transaction takes the write lock at its beginning, before its work is begun.
 * @param wait how long in all, in milliseconds.
 * @param onGivenUp called when that was not enough.
 * @throws {StoreUnavailable} when the lock is held for longer
 */
export async function patiently<T>(work: () => T | Promise<T>, wait: number, onGivenUp = () => {}): Promise<T> {
  const deadline = performance.now() + wait;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isBusy(error)) throw error;
      if (performance.now() >= deadline) {
        onGivenUp();
        throw error;
      }
      await pause(PAUSE);
    }
  }
}
