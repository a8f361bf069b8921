import { setTimeout as pause } from 'node:timers/promises';
import { isCollision } from './failures.ts';

/** How often work is begun that meets other work each time. */
const ATTEMPTS = 6;

/** Longest pause before the second attempt, in milliseconds; it doubles. The length is drawn, so that two who met do not meet again. */
const LONGEST_PAUSE = 8;

/**
 * Does work that the database may give back because it met other work (a serialisation failure, a deadlock), and then does it again
 * from its beginning, a bounded number of times. `PV-SEC-120`
 * @throws the last failure: what was given back is never reported as done
 */
export async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!isCollision(error) || attempt === ATTEMPTS) throw error;
      await pause(Math.random() * LONGEST_PAUSE * 2 ** (attempt - 1));
    }
  }
}
