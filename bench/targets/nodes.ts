import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type DataDirectory, makeDataDirectory, makeNodeOf } from '../../proving/data-directory.ts';
import { worldOfRun } from '../../proving/made-world.ts';
import { type Portvakt, servePortvakt } from '../../proving/portvakt.ts';
import type { PostgresCluster } from '../../proving/postgres-cluster.ts';
import { PostgresPlaces } from '../../proving/postgres-places.ts';
import type { Presigner } from '../../proving/presigner.ts';
import { cpuOfTree } from '../../proving/process-tree.ts';
import { installDelegations } from './delegations.ts';
import { delegationsTo, portvaktKinds } from './portvakt-kinds.ts';
import type { StoreCounters, Target } from './target.ts';

/** An installation under load: its nodes, and what is asked of its store. */
export type Measured = {
  readonly target: Target;
  /** Octets that the store has on the disk, its log left out, once the nodes have stopped. */
  kept(): Promise<number>;
  stop(): Promise<void>;
  remove(): Promise<void>;
};

export type NodesOrder = { readonly nodes: number; readonly workersEach: number; readonly delegations: number };

/** A PostgreSQL for the run, set up as one that is used: with autovacuum, and with a count of the statements. */
export async function openMeasuredPostgres(): Promise<PostgresPlaces> {
  const places = await PostgresPlaces.open({
    settings: {
      ...{ max_connections: 300, shared_buffers: '256MB', autovacuum: 'on', max_wal_size: '2GB' },
      shared_preload_libraries: 'pg_stat_statements',
    },
  });
  return places;
}

/** One node on a file. */
export async function fileNode(presigner: Presigner, order: NodesOrder): Promise<Measured> {
  const delegations = delegationsTo(order.delegations);
  const directory = await makeDataDirectory((await worldOfRun()).world, (storage, { now }) =>
    installDelegations(storage, delegations, now),
  );
  const kept = async (): Promise<number> => statSync(directory.database).size;
  return serving([directory], { ...order, presigner, name: 'a file, 1 node', kept });
}

/** Several nodes on a database of their own. */
export async function postgresNodes(presigner: Presigner, places: PostgresPlaces, order: NodesOrder): Promise<Measured> {
  const { nodes } = order;
  const { cluster } = places;
  const delegations = delegationsTo(order.delegations);
  const database = await places.database();
  await cluster.sql('CREATE EXTENSION pg_stat_statements', database);
  const fill = (storage: Parameters<typeof installDelegations>[0], { now }: { readonly now: number }) =>
    installDelegations(storage, delegations, now);
  const first = await makeDataDirectory((await worldOfRun()).world, fill, cluster.location(database, 'portvakt'));
  const directories = [first];
  while (directories.length < nodes) directories.push(await makeNodeOf(first));
  const kept = async (): Promise<number> => {
    await cluster.sql('CHECKPOINT');
    return (await cluster.sql<{ size: number }>(`SELECT pg_database_size('${database}')::float8 AS size`))[0]?.size ?? 0;
  };
  const name = `PostgreSQL, ${nodes} ${nodes === 1 ? 'node' : 'nodes'}`;
  return serving(directories, { ...order, presigner, name, kept, store: () => countersOf(cluster, database) });
}

type Serving = NodesOrder & {
  readonly presigner: Presigner;
  readonly name: string;
  readonly kept: Measured['kept'];
  readonly store?: () => Promise<StoreCounters>;
};

/** Asked by key (`kid`), each connection of one node. */
async function serving(directories: readonly DataDirectory[], order: Serving): Promise<Measured> {
  const { presigner, name, kept, store, workersEach: workers, delegations } = order;
  const { clients } = await worldOfRun();
  const nodes: Portvakt[] = [];
  const stop = async (): Promise<void> => {
    for (const node of nodes.splice(0)) await node.stop();
  };
  const remove = async (): Promise<void> => {
    await stop();
    for (const { remove } of directories) await remove();
  };
  try {
    for (const directory of directories) nodes.push(await servePortvakt(directory, { workers }));
    const [first] = nodes;
    if (!first) throw new RangeError('no nodes');
    const cpu = async (): Promise<number> =>
      (await Promise.all(nodes.map((node) => node.cpu()))).reduce((sum, one) => sum + one, 0);
    const [kid] = portvaktKinds(first, presigner, { clients, order: delegationsTo(delegations) });
    const server = { issuer: first.issuer, port: first.port, ports: directories.map(({ port }) => port), cpu };
    return { target: { ...kid, name, server, ...(store && { store }) }, kept, stop, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

const COUNTERS = `
  SELECT (SELECT COALESCE(sum(calls), 0) FROM pg_stat_statements(false) WHERE dbid = (SELECT oid FROM pg_database WHERE datname = $NAME))::float8
      AS statements,
    pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8 AS log`;

async function countersOf(cluster: PostgresCluster, database: string): Promise<StoreCounters> {
  const [row] = await cluster.sql<{ statements: number; log: number }>(COUNTERS.replace('$NAME', `'${database}'`), database);
  // Its first process; those of connections are below it.
  const pid = Number(readFileSync(join(cluster.folder, 'data', 'postmaster.pid'), 'utf8').split('\n')[0]);
  return { cpu: cpuOfTree(pid), statements: row?.statements ?? 0, log: row?.log ?? 0 };
}
