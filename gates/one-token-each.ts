import type { Connection } from '../proving/connection.ts';
import { type Gate, type Outcome, TOLD } from './gate.ts';
import { ask, type Came, REPLAYED, TOKEN } from './load/spending.ts';
import { postgresStand } from './load/stand.ts';
import { Trial } from './load/trial.ts';
import { type AskedCases, ofCases } from './of-cases.ts';
import { onPostgres } from './on-postgres.ts';

const FULL = 10_000;
const SHORT = 400;

/** Of several nodes, each of which has its processes on this machine. */
const SHORT_OF_NODES = 100;

/** How often one assertion is sent at once, each time on a connection of its own. Security §6 */
export const TIMES = 64;

/** Signed at a time: they live two minutes. */
const SLICE = 200;

/** Sends each assertion many times at once: of all that race, in several processes, one wins. Security §6, `PV-SEC-029` */
export const oneTokenEach: Gate = ofCases({
  id: 'G3',
  cases: { full: FULL, short: SHORT },
  title: `${FULL} rounds of ${TIMES} equal assertions at once on one node: exactly one token each`,
  run: (asked) => raceOn(Trial.open(), asked),
});

/** The same, at three nodes that have one PostgreSQL. `PV-SEC-038` */
export const oneTokenOfNodes: Gate = onPostgres(
  ofCases({
    id: 'G3-postgres',
    cases: { full: FULL, short: SHORT_OF_NODES },
    title: `${FULL} rounds of ${TIMES} equal assertions at once, spread over 3 nodes on PostgreSQL: exactly one token each`,
    run: (asked) => raceOn(postgresStand().then(Trial.on), asked),
  }),
);

async function raceOn(opening: Promise<Trial>, { from, to, tell }: AskedCases): Promise<Outcome> {
  const trial = await opening;
  const connections = trial.connections(TIMES);
  try {
    const rounds = to - from;
    const { came, failures } = await race(trial, { rounds, connections, tell });
    const flaws = await trial.broken();
    return {
      figures: {
        rounds,
        requests: rounds * TIMES,
        tokens: came.get(TOKEN) ?? 0,
        'refused as replays': came.get(REPLAYED) ?? 0,
      },
      failures: [...failures, ...flaws].slice(0, TOLD),
    };
  } finally {
    for (const connection of connections) connection.close();
    await trial.close();
  }
}

type Race = { readonly rounds: number; readonly connections: readonly Connection[]; readonly tell: (line: string) => void };

/** Sends an assertion on all connections at once, so many times. @returns what came, and what should not have */
export async function race(
  trial: Trial,
  { rounds, connections, tell }: Race,
): Promise<{ readonly came: ReadonlyMap<Came, number>; readonly failures: readonly string[] }> {
  const came = new Map<Came, number>();
  const failures: string[] = [];
  for (let begun = 0; begun < rounds; begun += SLICE) {
    for (const request of await trial.sign(Math.min(SLICE, rounds - begun))) {
      const answers = await Promise.all(connections.map((connection) => ask(connection, request)));
      for (const answer of answers) came.set(answer, (came.get(answer) ?? 0) + 1);
      const tokens = answers.filter((answer) => answer === TOKEN).length;
      const others = answers.filter((answer) => answer !== TOKEN && answer !== REPLAYED);
      if (tokens !== 1 || others.length > 0)
        failures.push(`an assertion got ${tokens} tokens${others.length > 0 ? `, and ${others[0]}` : ''}`);
    }
    if ((begun + SLICE) % 1_000 === 0) tell(`${begun + SLICE} rounds`);
  }
  return { came, failures };
}
