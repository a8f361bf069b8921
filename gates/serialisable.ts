import { setTimeout as pause } from 'node:timers/promises';
import { type Chance, chanceOf, pick } from './chance.ts';
import { type Gate, TOLD } from './gate.ts';
import { judge } from './history/history.ts';
import { type Grantable, grantables, Recording } from './history/recording.ts';
import { postgresStand } from './load/stand.ts';
import { Trial } from './load/trial.ts';
import type { TrialNode } from './load/trial-node.ts';
import { onPostgres } from './on-postgres.ts';

/** Milliseconds that are recorded. */
const FULL = 300_000;
const SHORT = 10_000;

/** Clients that ask each node for each of what can be given. */
const CLIENTS = 2;

/** Longest that a state stands, that a process is stopped, and that none is, in milliseconds. */
const LONGEST = { state: 1_500, stopped: 3_000, running: 1_000 } as const;

/**
 * Records what clients see of three nodes while accesses and delegations are given and taken away at any of them and processes are
 * stopped and go on, and judges whether it has an order. Security §6
 */
export const serialisable: Gate = onPostgres({
  id: 'G14-postgres',
  title: 'recorded histories of accesses and delegations at 3 nodes, with processes that are stopped and go on: 0 anomalies',
  run: async ({ isShort, seed, from, tell }) => {
    const trial = await Trial.on(await postgresStand());
    try {
      const { recording, stops } = await record(trial, isShort ? SHORT : FULL, chanceOf(seed, from), tell);
      const { anomalies, longest } = judge(recording);
      const { changes, decisions, others } = recording;
      const tokens = decisions.filter(({ token }) => token).length;
      return {
        figures: {
          changes: changes.length,
          decisions: `${tokens} tokens, ${decisions.length - tokens} refusals`,
          'processes stopped': stops,
          'longest until a node had heard, ms': Math.round(longest),
          'other answers': [...others].map(([came, count]) => `${came} ${count}`).join(', ') || 'none',
          anomalies: anomalies.length,
        },
        failures: [...anomalies, ...(tokens === 0 || stops === 0 ? ['nothing was shown'] : [])].slice(0, TOLD),
      };
    } finally {
      await trial.close();
    }
  },
});

type Recorded = { readonly recording: Recording; readonly stops: number };

async function record(trial: Trial, lasting: number, next: Chance, tell: (line: string) => void): Promise<Recorded> {
  const recording = new Recording(trial);
  const [access, delegation] = grantables(trial);
  recording.stands(access, true);
  recording.stands(delegation, false);
  const until = performance.now() + lasting;
  const goesOn = (): boolean => performance.now() < until;
  const asking = trial.nodes.flatMap((_, node) =>
    [access, delegation].flatMap((grantable) => Array.from({ length: CLIENTS }, () => recording.decide(grantable, node, goesOn))),
  );
  const changing = [
    alternate(recording, access, { first: false, nodes: trial.nodes.length, next, goesOn }),
    alternate(recording, delegation, { first: true, nodes: trial.nodes.length, next, goesOn }),
  ];
  const [stops] = await Promise.all([stopAndGo(trial.nodes, next, goesOn, tell), ...asking, ...changing]);
  return { recording, stops };
}

type Alternating = {
  readonly first: boolean;
  readonly nodes: number;
  readonly next: Chance;
  readonly goesOn: () => boolean;
};

/** Gives and takes away in turn, each time at any of the nodes. */
async function alternate(recording: Recording, grantable: Grantable, { first, nodes, next, goesOn }: Alternating): Promise<void> {
  for (let gives = first; goesOn(); gives = !gives) {
    await recording.change(grantable, gives, next(nodes));
    await pause(next(LONGEST.state));
  }
}

/** Stops what answers at one of the nodes, all of it or one process, and lets it go on. @returns how often */
async function stopAndGo(
  nodes: readonly TrialNode[],
  next: Chance,
  goesOn: () => boolean,
  tell: (line: string) => void,
): Promise<number> {
  let stops = 0;
  for (; goesOn(); stops++) {
    const workers = pick(nodes, next).server.workers();
    const processes = next(2) === 0 ? workers : [pick(workers, next)];
    for (const pid of processes) process.kill(pid, 'SIGSTOP');
    await pause(next(LONGEST.stopped));
    for (const pid of processes) process.kill(pid, 'SIGCONT');
    await pause(next(LONGEST.running));
    if ((stops + 1) % 25 === 0) tell(`${stops + 1} stops`);
  }
  return stops;
}
