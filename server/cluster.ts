import cluster, { type Worker } from 'node:cluster';
import { getCompileCacheDir } from 'node:module';
import { dirname, extname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Config, ConfigMistake, storeOf } from './config.ts';
import type { Log, Storage } from './core/ports.ts';
import { endWhatIsHandedOver } from './hand-over.ts';
import type { Operations } from './operations.ts';
import { createLog } from './telemetry/log.ts';
import { heardError, type PrimaryMessage, type WorkerMessage, type WorkerTask } from './worker-messages.ts';
import { WorkerReports } from './worker-reports.ts';

/** A server of several processes that answers. */
export type RunningCluster = {
  readonly issuer: string;
  readonly port: number;
  /** Where metrics and health are answered apart from clients; undefined: nowhere. */
  readonly operationsPort: number | undefined;
  readonly log: Log;
  /** Resolves when it cannot go on, and somebody has to start the program anew. */
  readonly lost: Promise<Error>;
  /** Replaces every worker, one after the other, by one with this configuration; those of before answer until theirs are ready. */
  reload(config: Config): Promise<void>;
  /** Ends them all as the configuration says, and resolves when they are gone. */
  close(): Promise<void>;
};

/** What a caller may put around the workers. */
export type ClusterSurroundings = {
  readonly log?: Log;
  /** How many; at least one. */
  readonly workers: number;
  /** Seconds ahead of this machine's clock; default 0. */
  readonly clockOffset?: number;
  /** Runs once on the open store, before any worker reads from it: the made-up world is installed here. */
  readonly prepare?: (storage: Storage, issuer: string) => Promise<void>;
};

/**
 * Starts one worker for each core, each with the whole server and its own connection to the store; this process hands them the
 * connections, starts anew those that die, and loads nothing of the server itself. What one of them changes is in force in all of them
 * before it is answered, because each request asks the store for its version (storage/cache.ts); on a store that several machines share,
 * within a second.
 * @throws {StoreUnusable} when another server has the data directory; what {@link startServer} throws in a worker, and then none is left.
 */
export async function startCluster(config: Config, surroundings: ClusterSurroundings): Promise<RunningCluster> {
  const { lockForServer } = await import('./storage/upkeep.ts');
  const unlock = lockForServer(config.dataDir, config.sockets > 0 ? 'follows' : 'alone');
  const workers = new Workers(config, surroundings);
  try {
    const [{ issuer, port }] = await workers.start();
    return {
      ...{ issuer, port, log: workers.log, lost: workers.lost },
      get operationsPort() {
        return workers.operationsPort;
      },
      reload: (changed) => workers.reload(changed),
      close: () => workers.close().finally(unlock),
    };
  } catch (error) {
    await workers.close();
    unlock();
    throw error;
  }
}

type Named = { readonly issuer: string; readonly port: number };

/** A worker that dies sooner than this after it became ready is not started again at once, in milliseconds. */
const SHORT_LIFE = 5_000;

/** How long to wait then: longer each time, up to the last. */
const PAUSES = [100, 300, 1_000, 3_000, 10_000];

/** How long after its own time-out a worker that does not end is killed, in milliseconds. */
const PATIENCE = 5_000;

/**
 * Room for what lives as long as a request, in each of three halves: with V8's own bound a worker holds some 40 MiB more and is no quicker,
 * with a quarter of this one a token costs a tenth more. What the first process was started with goes before it. performance.md
 */
const YOUNG = ['--max-semi-space-size=16'];

class Workers {
  #config: Config;
  readonly #surroundings: ClusterSurroundings;
  readonly log: Log;
  readonly #serving = new Set<Worker>();
  readonly #reports = new WorkerReports(this.#serving);
  /** What each of them serves by. */
  readonly #configs = new WeakMap<Worker, Config>();
  /** Whose successor is starting. */
  #leaving: Worker | undefined;
  #operations: Operations | undefined;
  #issuer = '';
  #prepared: Promise<void> | undefined;
  #closing = false;
  readonly #lost = Promise.withResolvers<Error>();
  readonly lost = this.#lost.promise;
  #shortLives = 0;

  constructor(config: Config, surroundings: ClusterSurroundings) {
    this.#config = config;
    this.#surroundings = surroundings;
    this.log = surroundings.log ?? createLog(config.operations.logLevel);
    const program = fileURLToPath(new URL(`./worker${extname(import.meta.url)}`, import.meta.url));
    // By SIGUSR1 Node opens its inspector, until a worker has come as far as to ignore it. `PV-SEC-096`
    const execArgv = [...YOUNG, ...process.execArgv, ...(config.environment === 'production' ? ['--disable-sigusr1'] : [])];
    // From a socket that others hold, too, the workers take connections themselves: what they have not taken when they end waits there for
    // the next server. This process would take them ahead of the workers, and drop what it holds when the last of them ends. `PV-SEC-122`
    if (config.sockets > 0) cluster.schedulingPolicy = cluster.SCHED_NONE;
    cluster.setupPrimary({ exec: program, args: [], execArgv, serialization: 'advanced' });
  }

  /** All of them at once; the first that fails is what is thrown. */
  async start(): Promise<[Named]> {
    const { workers } = this.#surroundings;
    const starting = Promise.all(Array.from({ length: workers }, (_, place) => this.#startOne(this.#config, place === 0)));
    const watched = this.#watched(this.#config).then((operations) => {
      this.#operations = operations;
    });
    // Both are waited for: where one fails, the other is there to be closed.
    const [started, watching] = await Promise.allSettled([starting, watched]);
    if (started.status === 'rejected') throw started.reason;
    if (watching.status === 'rejected') throw watching.reason;
    const [named] = started.value;
    this.#issuer = named?.issuer ?? '';
    return [named as Named];
  }

  get operationsPort(): number | undefined {
    return this.#operations?.port;
  }

  /** What answers those who watch, as the configuration says. */
  async #watched({ operations }: Config): Promise<Operations | undefined> {
    if (!operations.listen) return undefined;
    // While the workers load what they need, this process has time to.
    const { openOperations } = await import('./operations.ts');
    return openOperations(operations, {
      issuer: () => this.#issuer,
      unready: async () => (this.#closing ? 'PV-504' : this.#reports.unready()),
      readings: () => this.#reports.readings(),
      log: this.log,
    });
  }

  /** A configuration that no worker can start with, or whose address of operations is taken, leaves everything as it was. */
  async reload(changed: Config): Promise<void> {
    // Workers of before and after would each take an assertion that the other has spent.
    if (changed.dataDir !== this.#config.dataDir)
      throw new ConfigMistake('data_dir: another one needs a stop and a start, a reload is not enough');
    if (databaseOf(changed) !== databaseOf(this.#config))
      throw new ConfigMistake('store: another one needs a stop and a start, a reload is not enough');
    if (changed.issuer !== this.#config.issuer)
      throw new ConfigMistake('issuer: another one needs a stop and a start, for every API has to know of it');
    // Of its own, so that it tells who has been replaced.
    const config = { ...changed };
    const moves = JSON.stringify(config.operations.listen) !== JSON.stringify(this.#config.operations.listen);
    const operations = moves ? await this.#watched(config) : this.#operations;
    const before = this.#config;
    let replaced = 0;
    try {
      for (let worker = this.#outdated(config); worker; worker = this.#outdated(config)) {
        await this.#replace(worker, config, replaced === 0);
        replaced++;
      }
    } catch (error) {
      if (moves) await operations?.close();
      await this.#goBack(before);
      throw error;
    }
    if (moves) await this.#operations?.close();
    this.#operations = operations;
    this.log.info('reloaded', { detail: `${replaced} workers replaced` });
  }

  /** Replaces those that a reload has begun with, which could not be carried through, by such as there were. */
  async #goBack(before: Config): Promise<void> {
    try {
      for (let worker = this.#outdated(before); worker; worker = this.#outdated(before))
        await this.#replace(worker, before, false);
    } catch (error) {
      this.log.error('workers of the reload that failed go on', { error: String(error) });
    }
  }

  /** One that serves by another configuration. */
  #outdated(config: Config): Worker | undefined {
    return [...this.#serving].find((worker) => this.#configs.get(worker) !== config);
  }

  /** Should it die meanwhile, the one that is starting takes its place, and no other. */
  async #replace(worker: Worker, config: Config, announces: boolean): Promise<void> {
    this.#leaving = worker;
    try {
      await this.#startOne(config, announces);
    } catch (error) {
      if (!this.#serving.has(worker)) void this.#startAgain();
      throw error;
    } finally {
      this.#leaving = undefined;
    }
    this.#config = config;
    void this.#stop(worker, 'stop gently');
  }

  async close(): Promise<void> {
    this.#closing = true;
    const how = this.#config.shutdown.delay > 0 ? 'stop gently' : 'stop';
    await Promise.all(Object.values(cluster.workers ?? {}).map((worker) => worker && this.#stop(worker, how)));
    await this.#operations?.close();
  }

  /** Forks a worker and waits until it answers. @param announces whether the audit hears of the configuration from it */
  async #startOne(config: Config, announces: boolean): Promise<Named> {
    const { clockOffset = 0, prepare, workers } = this.#surroundings;
    const cache = getCompileCacheDir();
    const worker = cluster.fork(cache === undefined ? {} : { NODE_COMPILE_CACHE: dirname(cache) });
    endWhatIsHandedOver(worker);
    const task: WorkerTask = { config, workers, clockOffset, prepares: prepare !== undefined, announces };
    // What could not be told to it is of no matter: that it is gone is heard, too.
    worker.on('error', (error) => this.log.warn('a worker cannot be told anything', { error: String(error) }));
    worker.send(task);
    const named = await new Promise<Named>((resolve, reject) => {
      worker.once('exit', (code, signal) => reject(new Error(`a worker ended with ${signal ?? code} before it was ready`)));
      worker.on('message', (message: WorkerMessage) => {
        if (message.kind === 'ready') resolve(message);
        else if (message.kind === 'failed') reject(heardError(message.error));
        else if (message.kind !== 'named') this.#reports.hear(worker, message);
        else this.#prepare(config, message.issuer).then(() => tell(worker, 'prepared'), reject);
      });
    });
    this.#serving.add(worker);
    this.#configs.set(worker, config);
    const since = performance.now();
    worker.once('exit', () => this.#reports.gone(worker));
    worker.once('exit', (code, signal) => void this.#died(worker, { since, how: `${signal ?? code}` }));
    return named;
  }

  /** Once, whichever worker asks first. */
  #prepare(config: Config, issuer: string): Promise<void> {
    this.#prepared ??= (async () => {
      const { openStorage } = await import('./storage/open.ts');
      const { location, ...store } = storeOf(config);
      const storage = await openStorage(location, store);
      await (this.#surroundings.prepare?.(storage, issuer) ?? Promise.resolve()).finally(() => storage.close());
    })();
    return this.#prepared;
  }

  /** Nothing is lost but what the worker was answering: others go on, and the next one starts. */
  async #died(worker: Worker, { since, how }: { readonly since: number; readonly how: string }): Promise<void> {
    if (!this.#serving.delete(worker) || this.#closing) return;
    this.log.error('a worker died', { detail: `pid ${worker.process.pid}, ${how}` });
    // A socket that was handed over is closed with the last who listened on it, and cannot be opened again.
    if (this.#config.sockets > 0 && this.#serving.size === 0)
      return this.#lost.resolve(new Error('no worker was left on the sockets that were handed over'));
    this.#shortLives = performance.now() - since < SHORT_LIFE ? this.#shortLives + 1 : 0;
    if (worker !== this.#leaving) await this.#startAgain();
  }

  /** Tries until one serves in the place of one that died. */
  async #startAgain(): Promise<void> {
    while (!this.#closing) {
      if (this.#shortLives > 0) await pause(PAUSES[Math.min(this.#shortLives, PAUSES.length) - 1], undefined, { ref: false });
      if (this.#closing) return;
      try {
        await this.#startOne(this.#config, false);
        this.#reports.restarted();
        const outdated = this.#leaving === undefined && this.#outdated(this.#config);
        if (!outdated) return;
        // A reload has ended while it started, and did not see it.
        void this.#stop(outdated, 'stop gently');
      } catch (error) {
        this.#shortLives++;
        this.log.error('a worker could not be started', { error: String(error) });
      }
    }
  }

  /** Asks a worker to end, and kills one that does not within its time, or that has not begun to serve and cannot hear it. */
  async #stop(worker: Worker, how: PrimaryMessage): Promise<void> {
    const serves = this.#serving.delete(worker);
    if (worker.isDead()) return;
    // Of what cannot be told to it meanwhile the log hears, and not who waits here.
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    if (serves) tell(worker, how);
    const { delay, timeout } = this.#config.shutdown;
    const kill = setTimeout(() => worker.process.kill('SIGKILL'), serves ? (delay + timeout) * 1_000 + PATIENCE : 0);
    await ended;
    clearTimeout(kill);
  }
}

/** One that is gone hears nothing, and needs not. */
function tell(worker: Worker, message: PrimaryMessage): void {
  if (worker.isConnected()) worker.send(message);
}

/** Where the store is, whoever is named to log in: a password may be another after a reload. */
function databaseOf(config: Config): string {
  return storeOf(config).location.replace(/^([a-z]+:\/\/)[^@/]*@/i, '$1');
}
