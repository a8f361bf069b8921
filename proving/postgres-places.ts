import { migrateStorage } from '../server/storage/open.ts';
import { type ClusterOptions, PostgresCluster } from './postgres-cluster.ts';

/** The role that servers run as: it has what `migrateStorage` gives it, and nothing else. */
export const RUNTIME_ROLE = 'portvakt';

/** The role that owns the tables. */
export const OWNER_ROLE = 'portvakt_owner';

/** Databases of a cluster of their own. */
export class PostgresPlaces {
  readonly cluster: PostgresCluster;
  #made = 0;

  private constructor(cluster: PostgresCluster) {
    this.cluster = cluster;
  }

  static async open(options: ClusterOptions = {}): Promise<PostgresPlaces> {
    const cluster = await PostgresCluster.create(options);
    try {
      await cluster.sql(`CREATE ROLE ${OWNER_ROLE} LOGIN; CREATE ROLE ${RUNTIME_ROLE} LOGIN`);
      await cluster.sql(`CREATE DATABASE migrated OWNER ${OWNER_ROLE}`);
      await migrateStorage(cluster.location('migrated', OWNER_ROLE), { runtimeRole: RUNTIME_ROLE });
      return new PostgresPlaces(cluster);
    } catch (error) {
      await cluster.remove();
      throw error;
    }
  }

  /** A database of its own with the schema and nothing in it. */
  async database(): Promise<string> {
    return this.#make('migrated');
  }

  /** The same, as a server is told of it. */
  async location(): Promise<string> {
    return this.cluster.location(await this.database(), RUNTIME_ROLE);
  }

  /** A database in which there is nothing, as its owner is told of it. */
  async bare(): Promise<string> {
    return (await this.bareDatabase()).owner;
  }

  /** The same, and how a server will be told of it. */
  async bareDatabase(): Promise<{ readonly database: string; readonly owner: string; readonly store: string }> {
    const database = await this.#make('template1');
    const { cluster } = this;
    return { database, owner: cluster.location(database, OWNER_ROLE), store: cluster.location(database, RUNTIME_ROLE) };
  }

  async #make(template: string): Promise<string> {
    const name = `store_${++this.#made}`;
    await this.cluster.sql(`CREATE DATABASE ${name} OWNER ${OWNER_ROLE} TEMPLATE ${template}`);
    return name;
  }
}
