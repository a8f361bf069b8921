import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import { layOutPostgres, RUNNER } from './postgres-programs.ts';

/** How PostgreSQL is run. */
export type ClusterOptions = {
  /** Settings on top of the defaults, which are PostgreSQL's own: what is committed is synced. */
  readonly settings?: Readonly<Record<string, string | number>>;
};

/**
 * Runs a program and signals it what it is told on its input. When that ends without a word, who started it has been killed: then the
 * program goes too, and the folder.
 */
const GUARD = `
  exec 3<&0
  "$@" </dev/null 3<&- &
  program=$!
  {
    trap 'exit 0' TERM
    if read -r signal <&3; then kill -"$signal" $program; exit 0; fi
    trap '' TERM
    kill -QUIT $program
    exit 9
  } &
  guard=$!
  exec 3<&-
  wait $program
  code=$?
  kill $guard 2>/dev/null
  wait $guard
  if [ $? -eq 9 ]; then rm -rf "$0"; fi
  exit $code`;

/**
 * A PostgreSQL of one's own, from the npm package: a folder that is removed with it, reached by a Unix socket in it, so that no
 * two ever meet.
 */
export class PostgresCluster {
  readonly #folder: string;
  readonly #programs: string;
  readonly #settings: ClusterOptions['settings'];
  #server: ChildProcess | undefined;
  #port = 5432;

  private constructor(folder: string, { settings = {} }: ClusterOptions) {
    this.#folder = folder;
    this.#programs = join(folder, 'postgres', 'bin');
    this.#settings = settings;
  }

  /** Makes one and starts it. The superuser is `postgres`; whoever reaches the socket is who he says. */
  static async create(options: ClusterOptions = {}): Promise<PostgresCluster> {
    const cluster = new PostgresCluster(await layOutPostgres(), options);
    try {
      const words = ['--username=postgres', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync', '--no-instructions'];
      await ended(cluster.#run('initdb', [`--pgdata=${cluster.#data}`, ...words]));
      await cluster.start();
      return cluster;
    } catch (error) {
      await cluster.remove();
      throw error;
    }
  }

  /** @param settings that hold for this start. */
  async start(settings: ClusterOptions['settings'] = {}): Promise<void> {
    const all = {
      ...{ listen_addresses: '', unix_socket_directories: this.#folder, max_connections: 60, shared_buffers: '32MB' },
      ...{ dynamic_shared_memory_type: 'mmap', autovacuum: 'off', log_min_messages: 'fatal', ...this.#settings, ...settings },
    };
    this.#port = Number(settings.port ?? 5432);
    const words = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    this.#server = this.#run('postgres', ['-D', this.#data, ...words]);
    await this.#answering(this.#server);
  }

  /** Stops it as a machine that fails would: connections break, nothing is told. */
  async crash(): Promise<void> {
    await this.#stop('QUIT');
  }

  /** Stops it as an operator would: what is being done is rolled back. */
  async stop(): Promise<void> {
    await this.#stop('INT');
  }

  async remove(): Promise<void> {
    await this.#stop('QUIT');
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Where a database is, as `openStorage` takes it. */
  location(database: string, role = 'postgres'): string {
    return `postgres:///${database}?host=${encodeURIComponent(this.#folder)}&user=${role}`;
  }

  /** The socket that it listens on. */
  get socket(): string {
    return join(this.#folder, `.s.PGSQL.${this.#port}`);
  }

  /** Its folder, and where its data are. */
  get folder(): string {
    return this.#folder;
  }

  /** Runs SQL as the superuser. */
  async sql<Row extends object = never>(text: string, database = 'postgres'): Promise<Row[]> {
    const client = new Client({ host: this.#folder, port: this.#port, user: 'postgres', database });
    await client.connect();
    try {
      const results: unknown = await client.query(text);
      return (Array.isArray(results) ? results.at(-1) : results).rows;
    } finally {
      await client.end();
    }
  }

  get #data(): string {
    return join(this.#folder, 'data');
  }

  /** Its messages go where those of this process do: they are asked for when something is wrong. */
  #run(program: string, words: readonly string[]): ChildProcess {
    const out = process.env.PORTVAKT_TEST_POSTGRES_LOG ? 'inherit' : 'ignore';
    const command = ['-c', GUARD, this.#folder, join(this.#programs, program), ...words];
    // In a session of its own: what ends this process must not end the guard.
    return spawn('/bin/sh', command, { cwd: this.#folder, stdio: ['pipe', out, out], detached: true, ...RUNNER });
  }

  async #answering(server: ChildProcess): Promise<void> {
    for (;;) {
      if (server.exitCode !== null || server.signalCode !== null)
        throw new Error(`PostgreSQL ended with ${server.exitCode}: PORTVAKT_TEST_POSTGRES_LOG=1 tells why`);
      const answered = await this.sql('SELECT 1').then(
        () => true,
        () => false,
      );
      if (answered) return;
      await pause(10);
    }
  }

  async #stop(signal: 'QUIT' | 'INT'): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server || server.exitCode !== null) return;
    const over = ended(server);
    server.stdin?.end(`${signal}\n`);
    await over.catch(() => {});
  }
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      code === 0 ? resolve() : reject(new Error(`${basename(child.spawnfile)} ended with ${signal ?? code}`)),
    );
  });
}
