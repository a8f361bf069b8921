import { setTimeout as pause } from 'node:timers/promises';
import { Connection } from '../../proving/connection.ts';
import { askForToken, type Load, summary } from './closed-loop.ts';

/** When requests arrive, whatever becomes of those before them. */
export type OpenLoop = {
  /** On 127.0.0.1. */
  readonly port: number;
  /** Requests a second. */
  readonly rate: number;
  /** Most connections at once; what arrives when all are busy waits, and its waiting counts. Default 1000. */
  readonly connections?: number;
};

const MOST_CONNECTIONS = 1_000;

/** Milliseconds from the start at which the request arrives. */
export function scheduled(place: number, rate: number): number {
  return (place * 1000) / rate;
}

/**
 * Sends every request once at its scheduled time, on a connection that is idle or a new one: an open loop, in which a server that falls
 * behind is not asked less. Each latency is counted from the scheduled time, so that what waited because of others counts, too
 * (what is called coordinated omission is not left out). Timers are a millisecond coarse, and so is a latency.
 */
export async function applyOpenLoop(
  requests: readonly Uint8Array[],
  { port, rate, connections = MOST_CONNECTIONS }: OpenLoop,
): Promise<Load> {
  const latencies = new Float64Array(requests.length);
  const errors: string[] = [];
  const pool = new Pool(port, connections);
  const began = performance.now();
  const send = async (request: Uint8Array, place: number): Promise<void> => {
    const connection = await pool.take();
    const error = await askForToken(connection, request);
    latencies[place] = performance.now() - began - scheduled(place, rate);
    pool.give(connection);
    if (error !== undefined) errors.push(error);
  };
  const sent: Promise<void>[] = [];
  for (const [place, request] of requests.entries()) {
    await waitUntil(began + scheduled(place, rate));
    sent.push(send(request, place));
  }
  await Promise.all(sent);
  pool.close();
  return summary({ began, latencies, errors });
}

/** A timer may fire a little early: then it is set again. @param moment on the clock of `performance`. */
async function waitUntil(moment: number): Promise<void> {
  for (let left = moment - performance.now(); left > 0; left = moment - performance.now()) await pause(Math.ceil(left));
}

/** Connections, the last used first, so that no more are open than are needed. */
class Pool {
  readonly #port: number;
  readonly #most: number;
  readonly #all: Connection[] = [];
  readonly #idle: Connection[] = [];
  readonly #waiting: ((connection: Connection) => void)[] = [];

  constructor(port: number, most: number) {
    this.#port = port;
    this.#most = most;
  }

  async take(): Promise<Connection> {
    const idle = this.#idle.pop();
    if (idle) return idle;
    if (this.#all.length >= this.#most) return new Promise((resolve) => this.#waiting.push(resolve));
    const connection = new Connection(this.#port);
    this.#all.push(connection);
    return connection;
  }

  give(connection: Connection): void {
    const next = this.#waiting.shift();
    if (next) next(connection);
    else this.#idle.push(connection);
  }

  close(): void {
    for (const connection of this.#all) connection.close();
  }
}
