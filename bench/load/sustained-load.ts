import type { Target } from '../targets/target.ts';
import type { Load } from './closed-loop.ts';
import { applyOpenLoop } from './open-loop.ts';

/** Seconds of load that are signed ahead: little, so that signing disturbs little and no assertion grows old. */
const AHEAD = 1;

/** What a long load met. */
export type Sustained = {
  readonly tokens: number;
  readonly errors: number;
  readonly firstError?: string;
  readonly latencies: Float64Array;
};

/**
 * An open loop that goes on for as long as it is told to, its assertions signed meanwhile, a little ahead. Signing takes CPU from the
 * server: this shows what holds, not what is possible.
 */
export async function sustainLoad(target: Target, rate: number, goesOn: () => boolean): Promise<Sustained> {
  const loads: Load[] = [];
  let next = target.requests(rate * AHEAD);
  do {
    const requests = await next;
    next = target.requests(rate * AHEAD);
    loads.push(await applyOpenLoop(requests, { port: target.server.port, rate }));
  } while (goesOn());
  await next;
  return together(loads);
}

function together(loads: readonly Load[]): Sustained {
  const latencies = Float64Array.from(loads.flatMap((load) => [...load.latencies]));
  const firstError = loads.find((load) => load.firstError !== undefined)?.firstError;
  return {
    ...{ tokens: latencies.length, latencies, errors: loads.reduce((sum, { errors }) => sum + errors, 0) },
    ...(firstError !== undefined && { firstError }),
  };
}
