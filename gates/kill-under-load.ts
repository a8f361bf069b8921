import { setTimeout as pause } from 'node:timers/promises';
import type { PostgresCluster } from '../proving/postgres-cluster.ts';
import { killProcess } from '../proving/process-tree.ts';
import { type Chance, chanceOf, pick } from './chance.ts';
import { type Gate, type Outcome, TOLD } from './gate.ts';
import { postgresStand } from './load/stand.ts';
import { Trial } from './load/trial.ts';
import type { TrialNode } from './load/trial-node.ts';
import { ofCases } from './of-cases.ts';
import { onPostgres } from './on-postgres.ts';

const FULL = 200;
const SHORT = 9;

/** Each node once, the database once, and again. */
const SHORT_OF_NODES = 6;

/** Seconds in which there are tokens again. Security §6 */
const READY = 3;

/** Longest load before the kill, in milliseconds, and requests enough for it. */
const LONGEST_LOAD = 250;
const REQUESTS = 600;

/** A worker, the first process, which the others end with, or all of them at one moment. */
const VICTIMS = ['worker', 'first', 'all'] as const;
type Victim = (typeof VICTIMS)[number];

/** Kills the server again and again at random moments under load. Security §6, `PV-SEC-116` */
export const killUnderLoad: Gate = ofCases({
  id: 'G1',
  cases: { full: FULL, short: SHORT },
  title: `kill -9 × ${FULL} under load: no jti spent twice, no acknowledged change lost, no audit chain broken, ready in ${READY} s`,
  run: async ({ seed, from, to, tell }) => {
    const trial = await Trial.open();
    try {
      return await kill(trial, { seed, from, to, tell });
    } finally {
      await trial.close();
    }
  },
});

/** The same for each of three nodes, and as often for the PostgreSQL that they share. */
export const killNodes: Gate = onPostgres(
  ofCases({
    id: 'G1-postgres',
    cases: { full: FULL, short: SHORT_OF_NODES },
    title: `kill -9 × ${FULL / 4} of each of 3 nodes under load, and of their PostgreSQL: as G1`,
    run: async ({ seed, from, to, tell }) => {
      const stand = await postgresStand();
      const trial = await Trial.on(stand);
      const { cluster } = stand;
      try {
        return await kill(trial, { seed, from, to, tell, cluster });
      } finally {
        await trial.close();
      }
    },
  }),
);

type Kills = {
  readonly seed: number;
  readonly from: number;
  readonly to: number;
  readonly tell: (line: string) => void;
  /** Seconds in which there have to be tokens again, where others than the gate use the machine. */
  readonly within?: number;
  /** The database, which is killed in its turn; absent: only nodes are. */
  readonly cluster?: PostgresCluster;
};

/** Kills it once for each number, and holds it to its promises each time. */
export async function kill(trial: Trial, { seed, from, to, tell, within = READY, cluster }: Kills): Promise<Outcome> {
  const [broken, late]: [string[], string[]] = [[], []];
  const killed: Record<string, number> = {};
  const longest: Record<string, number> = {};
  for (let number = from; number < to; number++) {
    const next = chanceOf(seed, number);
    const inNode = pick(VICTIMS, next);
    // Each node in its turn, and then the database.
    const node = trial.nodes[number % (trial.nodes.length + (cluster ? 1 : 0))];
    const victim = node ? inNode : 'database';
    const ready = await killOnce(trial, node ? killIn(node, inNode, next) : crash(cluster), next);
    killed[victim] = (killed[victim] ?? 0) + 1;
    longest[victim] = Math.max(longest[victim] ?? 0, ready);
    if (ready > within) late.push(`kill ${number} (${victim}): tokens again only after ${ready.toFixed(1)} s`);
    broken.push(...(await trial.broken()).map((flaw) => `kill ${number} (${victim}): ${flaw}`));
    if ((number + 1) % 20 === 0) tell(`${number + 1} kills`);
  }
  if (trial.changing.acknowledged === 0) broken.push('no change was acknowledged under load: nothing was shown of changes');
  return {
    figures: {
      kills: Object.entries(killed)
        .map(([victim, count]) => `${victim} ${count}`)
        .join(', '),
      'tokens got under load': trial.tokens,
      'requests without an answer': trial.spending.came.get('nothing') ?? 0,
      'changes acknowledged': trial.changing.acknowledged,
      'longest until there were tokens again, s': Object.entries(longest)
        .map(([victim, seconds]) => `${victim} ${seconds.toFixed(2)}`)
        .join(', '),
      'promises broken': broken.length,
      'tokens again too late': late.length,
    },
    failures: [...broken, ...late].slice(0, TOLD),
  };
}

/** Kills, and is what starts again what was killed. */
type Killing = () => Promise<() => Promise<void>>;

function killIn(node: TrialNode, victim: Victim, next: Chance): Killing {
  return async () => {
    const { server } = node;
    const workers = server.workers();
    if (victim === 'worker') killProcess(pick(workers, next));
    else await server.kill(victim);
    return victim === 'worker' ? async () => {} : () => node.serveAgain();
  };
}

/** Of its processes none stops in order: what it has in memory is gone. */
function crash(cluster: PostgresCluster | undefined): Killing {
  return async () => {
    await cluster?.crash();
    return async () => cluster?.start();
  };
}

/** @returns seconds until there are tokens again, of every node */
async function killOnce(trial: Trial, killing: Killing, next: Chance): Promise<number> {
  const requests = await trial.sign(REQUESTS);
  const { began, again } = await trial.loadWhile(requests, async () => {
    await pause(next(LONGEST_LOAD));
    const startAgain = await killing();
    return { began: performance.now(), again: startAgain };
  });
  await again();
  await trial.timeToToken(READY * 10_000);
  return (performance.now() - began) / 1000;
}
