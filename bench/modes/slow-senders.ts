import type { Asked } from '../arguments.ts';
import type { Load } from '../load/closed-loop.ts';
import { applyOpenLoop } from '../load/open-loop.ts';
import { openSlowSenders } from '../load/slow-senders.ts';
import { failuresOf, replay } from '../measures/replay.ts';
import { type Latency, latencyOf, middleLatency } from '../measures/rounds.ts';
import { goal, type Outcome } from '../report/outcome.ts';
import { table } from '../report/table.ts';
import { latencyJson } from '../report/tokens.ts';
import type { Target } from '../targets/target.ts';
import { withPortvakt } from './one-portvakt.ts';

/** Times the undisturbed p99. performance.md */
const MOST = 2;

type Measured = {
  readonly undisturbed: Latency[];
  readonly beside: Latency[];
  /** Connections that the server ended. */
  ended: number;
  errors: number;
  firstError?: string;
};

/** What honest requests wait while connections dribble, in rounds by turns with none. @param tell hears of the progress. */
export async function measureSlowSenders(asked: Asked, tell: (line: string) => void): Promise<Outcome> {
  const { senders, rate, workers, extent } = asked;
  return withPortvakt(asked, async ({ target }) => {
    const measured: Measured = { undisturbed: [], beside: [], ended: 0, errors: 0 };
    for (let n = 0; n < extent.rounds; n++) {
      tell(`round ${n + 1} of ${extent.rounds}`);
      for (const isSlow of n % 2 === 0 ? [false, true] : [true, false]) {
        if (isSlow) await measureBeside(target, asked, measured);
        else measured.undisturbed.push(count(await load(target, asked), measured));
      }
    }
    const spent = await replay(target);
    const [undisturbed, beside] = [middleLatency(measured.undisturbed), middleLatency(measured.beside)];
    return {
      lines: [
        `${workers} workers, ${extent.rounds} rounds of ${extent.tokens} tokens, open loop of ${rate} requests a second, medians`,
        `${senders} connections that send an octet a second; the server ended ${measured.ended} of them, which came back`,
        '',
        ...table([
          ['REQUESTS', 'P50 ms', 'P99 ms'],
          ['undisturbed', undisturbed.p50.toFixed(1), undisturbed.p99.toFixed(1)],
          [`beside ${senders} slow senders`, beside.p50.toFixed(1), beside.p99.toFixed(1)],
        ]),
        goal('p99 beside slow senders in undisturbed ones', beside.p99 / undisturbed.p99, MOST),
        `${measured.errors} errors; a replay was answered with ${spent}`,
      ],
      json: {
        ...{ workers, senders, rate, rounds: extent.rounds, tokens: extent.tokens, ended: measured.ended },
        ...{ undisturbed: latencyJson(undisturbed), beside: latencyJson(beside), errors: measured.errors, replay: spent },
      },
      failures: failuresOf({ ...target, ...measured, replay: spent }),
    };
  });
}

async function measureBeside(target: Target, asked: Asked, measured: Measured): Promise<void> {
  const slow = await openSlowSenders({ port: target.server.port, count: asked.senders });
  try {
    measured.beside.push(count(await load(target, asked), measured));
    measured.ended += await slow.ended();
  } finally {
    await slow.stop();
  }
}

async function load(target: Target, { rate, extent }: Asked): Promise<Load> {
  return applyOpenLoop(await target.requests(extent.tokens), { port: target.server.port, rate });
}

function count(one: Load, measured: Measured): Latency {
  measured.errors += one.errors;
  if (one.firstError !== undefined) measured.firstError ??= one.firstError;
  return latencyOf(one);
}
