import { closing } from '../../proving/closing.ts';
import { type DataDirectory, makeDataDirectory, makeNodeOf } from '../../proving/data-directory.ts';
import { worldOfRun } from '../../proving/made-world.ts';
import type { ClusterOptions, PostgresCluster } from '../../proving/postgres-cluster.ts';
import { PostgresPlaces } from '../../proving/postgres-places.ts';
import { clusterFlaws, integrityFlaws } from './store.ts';

/** A store with the made-up world in it, and the nodes that are configured for it. */
export type Stand = {
  /** One for each node, all of one issuer. */
  readonly directories: readonly [DataDirectory, ...DataDirectory[]];
  /** Processes of each node. */
  readonly workers: number;
  /** What is wrong with the store itself, a sentence each. */
  flaws(): Promise<string[]>;
  remove(): Promise<void>;
};

/** Enough that two of a node meet at the store. */
const WORKERS = 2;

/** One node on a file. */
export async function sqliteStand(): Promise<Stand> {
  const directory = await makeDataDirectory((await worldOfRun()).world);
  const { database, remove } = directory;
  return { directories: [directory], workers: WORKERS, flaws: async () => integrityFlaws(database), remove };
}

/** Several nodes on one PostgreSQL, which is the stand's own. */
export type PostgresStand = Stand & {
  readonly cluster: PostgresCluster;
  /** Name of the database. */
  readonly database: string;
};

export type PostgresOptions = ClusterOptions & {
  readonly nodes?: number;
  /** Where the nodes find the database; absent: at the cluster's socket. What it opens is to be closed by the stand. */
  readonly route?: (cluster: PostgresCluster, database: string) => Promise<Route>;
};

export type Route = { readonly location: string; close(): Promise<void> };

/** Several nodes on one PostgreSQL. Its folder and theirs go with the stand. */
export async function postgresStand(options: PostgresOptions = {}): Promise<PostgresStand> {
  const { nodes = 3, route = direct, settings } = options;
  const opened: (() => Promise<void>)[] = [];
  const remove = (): Promise<void> => closing(async (later) => opened.forEach(later));
  try {
    const places = await PostgresPlaces.open({ settings: { max_connections: 200, ...settings } });
    const { cluster } = places;
    opened.push(() => cluster.remove());
    const database = await places.database();
    const way = await route(cluster, database);
    opened.push(() => way.close());
    const first = await makeDataDirectory((await worldOfRun()).world, undefined, way.location);
    opened.push(first.remove);
    const others: DataDirectory[] = [];
    for (let place = 1; place < nodes; place++) {
      const directory = await makeNodeOf(first);
      opened.push(directory.remove);
      others.push(directory);
    }
    return {
      directories: [first, ...others],
      workers: WORKERS,
      cluster,
      database,
      flaws: () => clusterFlaws(cluster, database),
      remove,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

const direct = async (cluster: PostgresCluster, database: string): Promise<Route> => ({
  location: cluster.location(database, 'portvakt'),
  close: async () => {},
});
