import { type RunningCluster, startCluster } from '../../server/cluster.ts';
import { devConfig, readWorkers } from '../../server/config.ts';
import type { LimitSettings } from '../../server/core/limits.ts';
import type { Clock } from '../../server/core/ports.ts';
import type { EpochSeconds } from '../../server/core/time.ts';
import { listDevClients } from '../dev-client.ts';
import { announce, type DevServer } from '../dev-server.ts';
import { stopSignal } from '../signals.ts';
import type { Terminal } from '../terminal.ts';
import { type DevData, persistentData, temporaryData } from './dev-data.ts';
import { describeWorld, type Ready, readyView } from './dev-summary.ts';
import { madeUpWorld, type ReadyWorld, worldOfFile } from './dev-world.ts';
import { assertIssuer } from './issuer-flag.ts';

export type DevOptions = {
  readonly port: number;
  readonly operationsPort?: number;
  readonly issuer?: string;
  readonly seed?: string;
  readonly persist?: string;
  /** Seconds ahead of this machine's clock. */
  readonly clock: number;
  /** What is limited, as one worker for each core shares it. */
  readonly limit: Partial<LimitSettings>;
};

/**
 * Starts the server on its world, tells that it is ready, and ends it at the first signal. Afterwards, and after a start that
 * failed, nothing is left but what `--persist` keeps.
 * @throws {Failure | WorldMistakes | KeyUnusable | StoreUnavailable} or the system's error when the port is taken
 */
export async function dev(options: DevOptions, terminal: Terminal): Promise<void> {
  const { issuer, persist } = options;
  if (issuer !== undefined) assertIssuer(issuer);
  const stopped = stopSignal();
  const data = persist === undefined ? await temporaryData() : await persistentData(persist);
  const stop = await start(options, data, terminal).catch(async (error: unknown) => {
    await data.undo();
    throw error;
  });
  await stopped;
  await stop();
  await data.leave();
}

/** @returns what ends it. */
async function start(options: DevOptions, data: DevData, terminal: Terminal): Promise<() => Promise<void>> {
  const clock: Clock = { now: () => Date.now() / 1000 + options.clock };
  const world = data.used ? undefined : await readyWorld(options.seed, Math.floor(clock.now()));
  if (data.used && options.seed !== undefined) terminal.warn(`${data.path} holds a world already; ${options.seed} is not read`);
  const { issuer, port, operationsPort } = options;
  const settings = {
    dataDir: data.path,
    port,
    sourceKeys: world?.sourceKeys ?? {},
    limits: options.limit,
    ...(issuer !== undefined && { issuer }),
    ...(operationsPort !== undefined && { operationsPort }),
  };
  let holds: readonly string[] = [];
  const server = await startCluster(devConfig(settings), {
    workers: readWorkers(),
    clockOffset: options.clock,
    prepare: async (storage, name) => {
      await world?.install(storage, name);
      holds = await describeWorld(storage, Math.floor(clock.now()));
    },
  });
  try {
    await world?.writeClients(data.path);
    const withdraw = await announce(notice(server, data, options.clock));
    for (const line of [about(data), ...holds]) terminal.say(line);
    await tell(server, data, terminal);
    return () => withdraw().finally(() => server.close());
  } catch (error) {
    await server.close();
    throw error;
  }
}

function readyWorld(seed: string | undefined, now: EpochSeconds): Promise<ReadyWorld> {
  return seed === undefined ? madeUpWorld(now) : worldOfFile(seed, now);
}

function notice({ issuer }: RunningCluster, data: DevData, offset: number): DevServer {
  return { issuer, data_dir: data.path, pid: process.pid, clock_offset_seconds: offset };
}

function about({ kept, used }: DevData): string {
  if (used) return 'data            as it was left';
  return `data            ${kept ? 'kept in its folder' : 'a temporary folder, removed at exit   (--persist DIR keeps one)'}`;
}

async function tell({ issuer, operationsPort }: RunningCluster, { path }: DevData, terminal: Terminal): Promise<void> {
  const clients = await listDevClients(path);
  const ready: Ready = {
    issuer,
    token_endpoint: new URL('token', issuer).href,
    data_dir: path,
    ...(operationsPort !== undefined && { metrics: `http://127.0.0.1:${operationsPort}/metrics` }),
    clients: clients.map(({ name, client_id, client_orgno, scopes }) => ({ name, client_id, client_orgno, scopes })),
  };
  await terminal.ready(ready, readyView(clients, calledAs()));
}

/** In a checkout the program has no name in PATH, and is called through npm. */
function calledAs(): string {
  return process.env.npm_lifecycle_event === 'portvakt' ? 'npm run -s portvakt --' : 'portvakt';
}
