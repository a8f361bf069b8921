import { Connection } from '../proving/connection.ts';

/** A hang is what takes longer alone, in milliseconds, each time that it is tried. Security §6 */
export const HANG = 100;

const TRIES = 4;

/** Milliseconds that a request takes, of several tries one after the other. */
export async function shortestTime(port: number, request: Uint8Array): Promise<number> {
  const times: number[] = [];
  for (let n = 0; n < TRIES; n++) {
    const connection = new Connection(port);
    const began = performance.now();
    await connection.ask(request).catch(() => undefined);
    times.push(performance.now() - began);
    connection.close();
  }
  return Math.min(...times);
}
