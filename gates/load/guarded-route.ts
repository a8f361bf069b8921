import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../proving/data-directory.ts';
import type { PostgresCluster } from '../../proving/postgres-cluster.ts';
import { RUNTIME_ROLE } from '../../proving/postgres-places.ts';
import { give } from '../../proving/postgres-programs.ts';
import { selfSigned } from '../../proving/self-signed.ts';
import { StubbornProxy } from '../../proving/stubborn-proxy.ts';

type Settings = Readonly<Record<string, string | number>>;

/** The way to a PostgreSQL as from another machine, by TLS and through somebody who may be slow or silent. */
export class GuardedRoute {
  readonly cluster: PostgresCluster;
  readonly database: string;
  readonly proxy: StubbornProxy;
  readonly #settings: Settings;
  readonly #own = selfSigned('localhost');

  private constructor(given: Pick<GuardedRoute, 'cluster' | 'database' | 'proxy'>, settings: Settings) {
    this.cluster = given.cluster;
    this.database = given.database;
    this.proxy = given.proxy;
    this.#settings = settings;
  }

  /** Has the PostgreSQL listen with TLS, and goes to it. */
  static async to(cluster: PostgresCluster, database: string): Promise<GuardedRoute> {
    const port = await freePort();
    const settings = {
      ...{ listen_addresses: '127.0.0.1', port, ssl: 'on' },
      ...{ ssl_cert_file: join(cluster.folder, 'server.pem'), ssl_key_file: join(cluster.folder, 'server.key') },
    };
    const route = new GuardedRoute({ cluster, database, proxy: await StubbornProxy.before({ port }) }, settings);
    writeFileSync(route.#authorities, route.#own.certificate);
    route.#show(route.#own);
    await cluster.stop();
    await route.start();
    return route;
  }

  /** As a server is told of it. */
  get location(): string {
    const at = `${RUNTIME_ROLE}@localhost:${this.proxy.port}`;
    return `postgres://${at}/${this.database}?sslmode=verify-full&sslrootcert=${this.#authorities}`;
  }

  /** Starts the PostgreSQL where it was stopped. */
  start(): Promise<void> {
    return this.cluster.start(this.#settings);
  }

  /** Has the PostgreSQL show the certificate of a stranger, also to those who are connected. @returns what ends it */
  async showAnother(): Promise<() => Promise<void>> {
    const { cluster } = this;
    this.#show(selfSigned('localhost'));
    await cluster.sql('SELECT pg_reload_conf()');
    await this.disconnect();
    return async () => {
      this.#show(this.#own);
      await cluster.sql('SELECT pg_reload_conf()');
    };
  }

  /** Ends all connections of the servers. */
  async disconnect(): Promise<void> {
    await this.cluster.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${RUNTIME_ROLE}'`);
  }

  async close(): Promise<void> {
    this.proxy.close();
  }

  #show({ certificate, key }: ReturnType<typeof selfSigned>): void {
    for (const [name, text] of [
      ['server.pem', certificate],
      ['server.key', key],
    ] as const) {
      const file = join(this.cluster.folder, name);
      writeFileSync(file, text, { mode: 0o600 });
      give(file);
    }
  }

  get #authorities(): string {
    return join(this.cluster.folder, 'ca.pem');
  }
}
