import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { closing } from '../proving/closing.ts';
import { type DataDirectory, makeNodeOf } from '../proving/data-directory.ts';
import { onOneSocket, type Waiting } from '../proving/held-socket.ts';
import { worldOfRun } from '../proving/made-world.ts';
import { PostgresPlaces } from '../proving/postgres-places.ts';
import type { Program, ServerProcess } from '../proving/server-process.ts';
import { type Gate, type Outcome, TOLD } from './gate.ts';
import { Honest } from './load/honest.ts';
import { clusterFlaws, integrityFlaws, judgeAudit } from './load/store.ts';
import { onPostgres } from './on-postgres.ts';
import { HERE, ofDatabase, type ProgramBefore, programBefore } from './program-before.ts';

/** The commit whose program stands for the version before: it takes sockets that are handed over, and knows the schema before. */
const EARLIER = '0416c65';

/**
 * What its operator sets for it: of itself it takes connections in its first process, which drops those that no worker has yet when the last
 * one ends. This version needs no such thing. docs/how-to/upgrade-without-a-gap.md
 */
const EARLIER_NEEDS = { NODE_CLUSTER_SCHED_POLICY: 'none' };

/** Milliseconds of load before and after each change of the version, and how often there and back. */
const FULL = { around: 5_000, times: 3 };
const SHORT = { around: 1_000, times: 1 };

/** One version follows another on one socket and one store, and back, under load. Security §6, `PV-SEC-122` */
export const rollingUpgrade: Gate = {
  id: 'G7',
  title: `from ${EARLIER.slice(0, 7)} to this version and back, on one socket and one store: no failed honest request`,
  run: ({ isShort, tell }) =>
    closing(async (later) => {
      const before = await programBefore(EARLIER);
      later(() => before.remove());
      return upgrade({ before, ...(isShort ? SHORT : FULL), tell }, later);
    }),
};

const NODES = 3;

/** The first commit whose nodes share a PostgreSQL. */
const EARLIER_NODES = '303ed44';

/** Three nodes on one PostgreSQL follow each in its turn, when the schema has been migrated beneath all of them. There is no way back. */
export const upgradeOfNodes: Gate = onPostgres({
  id: 'G7-postgres',
  title: `3 nodes on PostgreSQL from ${EARLIER_NODES} to this version, its schema migrated under load: no failed honest request`,
  run: ({ isShort, tell }) =>
    closing(async (later) => {
      const before = await programBefore(EARLIER_NODES);
      later(() => before.remove());
      const places = await PostgresPlaces.open({ settings: { max_connections: 200 } });
      later(() => places.cluster.remove());
      return upgradeNodes({ before, places, around: (isShort ? SHORT : FULL).around, tell }, later);
    }),
});

type NodesUpgrade = Omit<Upgrade, 'times'> & { readonly places: PostgresPlaces };

async function upgradeNodes(
  { before, places, around, tell }: NodesUpgrade,
  later: (close: () => Promise<void>) => void,
): Promise<Outcome> {
  const { clients } = await worldOfRun();
  const { cluster } = places;
  const { owner, store, database } = await places.bareDatabase();
  const made = await before.makeDataDirectory();
  later(() => made.remove());
  const first = await before.moveTo({ owner, store }, made);
  const nodes: UpgradedNode[] = [];
  for (let place = 0; place < NODES; place++) {
    const directory = place === 0 ? first : await makeNodeOf(first);
    if (place > 0) later(() => directory.remove());
    nodes.push(await UpgradedNode.start(directory, before, later));
  }
  const honest = nodes.map(({ directory }) => new Honest(directory, clients));
  for (const one of honest) later(() => one.close());
  for (const one of honest) await one.begin();
  await pause(around);
  await ofDatabase(HERE, 'migrate', { directory: first, owner });
  tell('migrated');
  await pause(around);
  for (const node of nodes) {
    await node.upgrade(around);
    tell('upgraded');
  }
  const ended = await Promise.all(honest.map((one) => one.end()));
  const failures = ended.flatMap((one) => one.failures);
  const tokens = ended.reduce((sum, one) => sum + one.tokens, 0);
  const { records, flaws } = await judgeAudit(store, tokens);
  return {
    figures: { 'nodes upgraded': nodes.length, tokens, 'failed requests': failures.length, 'audit records': records },
    failures: [...failures, ...flaws, ...(await clusterFlaws(cluster, database))].slice(0, TOLD),
  };
}

/** A node whose next version waits at its socket. */
class UpgradedNode {
  readonly directory: DataDirectory;
  readonly #next: Waiting;
  #serving: ServerProcess;

  private constructor(directory: DataDirectory, serving: ServerProcess, next: Waiting) {
    this.directory = directory;
    this.#serving = serving;
    this.#next = next;
  }

  static async start(
    directory: DataDirectory,
    { folder }: ProgramBefore,
    later: (close: () => Promise<void>) => void,
  ): Promise<UpgradedNode> {
    const programs = [folder, HERE].map((place) => programOn(place, directory));
    const [old, next] = (await onOneSocket(directory.port, programs)) as [Waiting, Waiting];
    later(async () => {
      for (const one of [old, next]) one.forget();
    });
    const node = new UpgradedNode(directory, await old.start(), next);
    later(() => node.#serving.stop());
    return node;
  }

  /** Starts this version beside the one before, lets both serve for so many milliseconds, and stops the one before. */
  async upgrade(around: number): Promise<void> {
    const following = await this.#next.start();
    await pause(around);
    const leaving = this.#serving;
    this.#serving = following;
    await leaving.stop();
    await pause(around);
  }
}

type Upgrade = {
  readonly before: ProgramBefore;
  readonly around: number;
  readonly times: number;
  readonly tell: (line: string) => void;
};

function programOn(folder: string, { config }: DataDirectory): Program {
  return {
    args: [join(folder, 'cli/bin.js'), 'serve', '--config', config],
    env: { PORTVAKT_WORKERS: '2', ...(folder !== HERE && EARLIER_NEEDS) },
  };
}

async function upgrade({ before, around, times, tell }: Upgrade, later: (close: () => Promise<void>) => void): Promise<Outcome> {
  const { clients } = await worldOfRun();
  const directory = await before.makeDataDirectory();
  later(() => directory.remove());
  const order = [before.folder, ...Array.from({ length: times }, () => [HERE, before.folder]).flat()];
  const waiting = await onOneSocket(
    directory.port,
    order.map((folder) => programOn(folder, directory)),
  );
  later(async () => {
    for (const one of waiting) one.forget();
  });
  const honest = new Honest(directory, clients);
  later(() => honest.close());
  const [first, ...others] = waiting as [Waiting, ...Waiting[]];
  let serving: ServerProcess = await first.start();
  later(() => serving.stop());
  await honest.begin();
  for (const [place, next] of others.entries()) {
    await pause(around);
    const following = await next.start();
    await pause(around);
    const leaving = serving;
    serving = following;
    await leaving.stop();
    tell(place % 2 === 0 ? 'upgraded' : 'taken back');
  }
  await pause(around);
  const { tokens, failures } = await honest.end();
  const { records, flaws } = await judgeAudit(directory.database, tokens);
  return {
    figures: { 'changes of the version': others.length, tokens, 'failed requests': failures.length, 'audit records': records },
    failures: [...failures, ...flaws, ...integrityFlaws(directory.database)].slice(0, TOLD),
  };
}
