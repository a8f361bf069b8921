import { setTimeout as pause } from 'node:timers/promises';
import type { PostgresCluster } from '../proving/postgres-cluster.ts';
import { type Gate, TOLD } from './gate.ts';
import { judge, KNOWN_WITHIN } from './history/history.ts';
import { grantables, Recording } from './history/recording.ts';
import { type PostgresStand, postgresStand } from './load/stand.ts';
import { Trial } from './load/trial.ts';
import { onPostgres } from './on-postgres.ts';

const FULL = 50;
const SHORT = 3;

/** Clients that ask each node all the time. */
const CLIENTS = 2;

/** Milliseconds that each state stands: longer than any node may be without knowing. */
const STANDS = 1_300;

/** What becomes of the notices by which nodes are told. */
const NOTICES: Readonly<Record<string, (stand: PostgresStand) => Promise<void>>> = {
  'with notices': async ({ cluster, database }) => allowNotices(cluster, database, true),
  // Each change finds nobody who hears.
  'cut off from notices': async ({ cluster, database }) => {
    await allowNotices(cluster, database, true);
    await cluster.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN %'`, database);
  },
  'without notices': async ({ cluster, database }) => allowNotices(cluster, database, false),
};

async function allowNotices(cluster: PostgresCluster, database: string, areAllowed: boolean): Promise<void> {
  const [verb, word] = areAllowed ? ['GRANT', 'TO'] : ['REVOKE', 'FROM'];
  await cluster.sql(`${verb} EXECUTE ON FUNCTION pg_notify(text, text) ${word} PUBLIC`, database);
}

/** What is withdrawn at one node is refused there at once and at the others within a second, also where notices are lost. `PV-SEC-073` */
export const withdrawnAccess: Gate = onPostgres({
  id: 'withdrawn-postgres',
  title: `access withdrawn at one of 3 nodes × ${FULL}, with and without notices: refused there at once, at the others in ${KNOWN_WITHIN} ms`,
  run: async ({ isShort, tell }) => {
    const stand = await postgresStand();
    const trial = await Trial.on(stand);
    const figures: Record<string, string | number> = {};
    const failures: string[] = [];
    try {
      for (const [name, prepare] of Object.entries(NOTICES)) {
        const times = Math.ceil((isShort ? SHORT : FULL) / Object.keys(NOTICES).length);
        const recording = await withdraw(trial, times, () => prepare(stand));
        const { anomalies, longest } = judge(recording);
        failures.push(...anomalies.map((anomaly) => `${name}: ${anomaly}`));
        for (const [came, count] of recording.others) failures.push(`${name}: ${came}, ${count} times`);
        figures[`${name}: longest until all had heard, of ${times}, ms`] = Math.round(longest);
        figures[`${name}: decisions`] = recording.decisions.length;
        tell(name);
      }
      await allowNotices(stand.cluster, stand.database, true);
    } finally {
      await trial.close();
    }
    return { figures, failures: failures.slice(0, TOLD) };
  },
});

/** Withdraws it so many times at the first node, and gives it again, while all nodes are asked. */
async function withdraw(trial: Trial, times: number, before: () => Promise<void>): Promise<Recording> {
  const recording = new Recording(trial);
  const [access] = grantables(trial);
  recording.stands(access, true);
  const state = { isOver: false };
  const asking = trial.nodes.flatMap((_, node) =>
    Array.from({ length: CLIENTS }, () => recording.decide(access, node, () => !state.isOver)),
  );
  for (let time = 0; time < times; time++) {
    await before();
    await recording.change(access, false, 0);
    await pause(STANDS);
    await recording.change(access, true, 0);
    await pause(STANDS);
  }
  state.isOver = true;
  await Promise.all(asking);
  return recording;
}
