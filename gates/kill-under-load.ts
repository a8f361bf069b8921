import { setTimeout as pause } from 'node:timers/promises';
import { killProcess } from '../proving/process-tree.ts';
import { type Chance, chanceOf, pick } from './chance.ts';
import { type Gate, type Outcome, TOLD } from './gate.ts';
import { Trial } from './load/trial.ts';

const FULL = 200;
const SHORT = 9;

/** Seconds in which there are tokens again. Security §6 */
const READY = 3;

/** Longest load before the kill, in milliseconds, and requests enough for it. */
const LONGEST_LOAD = 250;
const REQUESTS = 600;

/** A worker, the first process, which the others end with, or all of them at one moment. */
const VICTIMS = ['worker', 'first', 'all'] as const;
type Victim = (typeof VICTIMS)[number];

/** Kills the server again and again at random moments under load. Security §6, `PV-SEC-116` */
export const killUnderLoad: Gate = {
  id: 'G1',
  title: `kill -9 × ${FULL} under load: no jti spent twice, no acknowledged change lost, no audit chain broken, ready in ${READY} s`,
  run: async ({ isShort, seed, from, tell }) => {
    const trial = await Trial.open();
    try {
      return await kill(trial, { seed, from, to: isShort ? from + SHORT : FULL, tell });
    } finally {
      await trial.close();
    }
  },
};

type Kills = {
  readonly seed: number;
  readonly from: number;
  readonly to: number;
  readonly tell: (line: string) => void;
  /** Seconds in which there have to be tokens again, where others than the gate use the machine. */
  readonly within?: number;
};

/** Kills it once for each number, and holds it to its promises each time. */
export async function kill(trial: Trial, { seed, from, to, tell, within = READY }: Kills): Promise<Outcome> {
  const failures: string[] = [];
  const killed: Record<Victim, number> = { worker: 0, first: 0, all: 0 };
  let longest = 0;
  for (let number = from; number < to; number++) {
    const next = chanceOf(seed, number);
    const victim = pick(VICTIMS, next);
    const ready = await killOnce(trial, victim, next);
    killed[victim]++;
    longest = Math.max(longest, ready);
    if (ready > within) failures.push(`kill ${number} (${victim}): tokens again only after ${ready.toFixed(1)} s`);
    failures.push(...(await trial.broken()).map((flaw) => `kill ${number} (${victim}): ${flaw}`));
    if ((number + 1) % 20 === 0) tell(`${number + 1} kills`);
  }
  return {
    figures: {
      kills: Object.entries(killed)
        .map(([victim, count]) => `${victim} ${count}`)
        .join(', '),
      'tokens got under load': trial.tokens,
      'requests without an answer': trial.spending.came.get('nothing') ?? 0,
      'changes acknowledged': trial.changing.acknowledged,
      'longest until there were tokens again, s': longest.toFixed(2),
      failures: failures.length,
    },
    failures: failures.slice(0, TOLD),
  };
}

/** @returns seconds until there are tokens again */
async function killOnce(trial: Trial, victim: Victim, next: Chance): Promise<number> {
  const requests = await trial.sign(REQUESTS);
  const began = await trial.loadWhile(requests, async () => {
    await pause(next(LONGEST_LOAD));
    const workers = trial.server.workers();
    if (victim === 'worker') killProcess(pick(workers, next));
    else await trial.server.kill(victim);
    return performance.now();
  });
  if (victim !== 'worker') await trial.serveAgain();
  await trial.timeToToken(READY * 10_000);
  return (performance.now() - began) / 1000;
}
