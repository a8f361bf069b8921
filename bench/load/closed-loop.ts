import { type Answer, Connection } from '../../proving/connection.ts';

/** What a load met. */
export type Load = {
  /** From the first request to the last answer. */
  readonly seconds: number;
  /** Milliseconds of each request, in the order of the requests. */
  readonly latencies: Float64Array;
  /** Requests that got no token. */
  readonly errors: number;
  /** What the first of them got instead. */
  readonly firstError?: string;
};

/**
 * Sends every request once, on so many connections, each asking its next as soon as it is answered: a closed loop. It shows
 * what the server can do; its latency is mostly queueing.
 * @param port on 127.0.0.1; of several, the connections take them in turn.
 */
export async function applyLoad(
  requests: readonly Uint8Array[],
  { port, connections }: { readonly port: number | readonly number[]; readonly connections: number },
): Promise<Load> {
  const latencies = new Float64Array(requests.length);
  const errors: string[] = [];
  const queue = requests.entries();
  const began = performance.now();
  await Promise.all(
    Array.from({ length: connections }, async (_, n) => {
      const connection = new Connection(oneOf(port, n));
      for (const [place, request] of queue) {
        const asked = performance.now();
        const error = await askForToken(connection, request);
        latencies[place] = performance.now() - asked;
        if (error !== undefined) errors.push(error);
      }
      connection.close();
    }),
  );
  return summary({ began, latencies, errors });
}

function oneOf(port: number | readonly number[], turn: number): number {
  return typeof port === 'number' ? port : (port[turn % port.length] ?? 0);
}

/** @param began on the clock of `performance`. */
export function summary({ began, latencies, errors }: { began: number; latencies: Float64Array; errors: string[] }): Load {
  const seconds = (performance.now() - began) / 1000;
  const [firstError] = errors;
  return { seconds, latencies, errors: errors.length, ...(firstError !== undefined && { firstError }) };
}

/** Asks for one token. @returns what went wrong, or nothing when a token came. */
export async function askForToken(connection: Connection, request: Uint8Array): Promise<string | undefined> {
  try {
    const { status, body }: Answer = await connection.ask(request);
    return status === 200 && body.includes('"access_token"') ? undefined : `${status} ${body}`;
  } catch (error) {
    return String(error);
  }
}
