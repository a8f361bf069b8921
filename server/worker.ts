import cluster from 'node:cluster';
import { once } from 'node:events';
import { systemClock } from './clock.ts';
import { type Config, configOf } from './config.ts';
import type { FaultCode } from './core/catalogue.ts';
import { shareOfLimits } from './core/limits.ts';
import { type RunningServer, startServer } from './main.ts';
import { type PrimaryMessage, type ToldError, tellError, type WorkerMessage, type WorkerTask } from './worker-messages.ts';

// One worker of server/cluster.ts: the whole server in a process that the primary has forked, which tells it when to stop. It ends with
// the primary, however that ends. Signals that a terminal or a service manager sends to the whole group are the primary's to judge.

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1'] as const) process.on(signal, () => {});
process.once('message', (task: WorkerTask) => void work(task));

async function work({ clockOffset, prepares, announces, ...task }: WorkerTask): Promise<void> {
  try {
    const config = ownConfig(task);
    // The primary answers who watches: it alone sees all workers.
    const { listen: _, ...operations } = config.operations;
    const server = await startServer(
      { ...config, operations },
      {
        clock: { now: () => systemClock.now() + clockOffset },
        announces,
        ...(prepares && { prepare: (_, issuer) => prepared(issuer) }),
      },
    );
    process.on('message', (message: PrimaryMessage) => void hear(message, server));
    tell({ kind: 'ready', issuer: server.issuer, port: server.port });
  } catch (error) {
    tell({ kind: 'failed', error: tellError(error) }, () => process.exit(1));
  }
}

/** The first process may be of the version before, and know nothing of what this one runs by. */
function ownConfig({ config: handed, workers }: Pick<WorkerTask, 'config' | 'workers'>): Config {
  const config = handed.source ? { ...configOf(handed.source), sockets: handed.sockets } : handed;
  return { ...config, limits: shareOfLimits(config.limits, workers) };
}

async function hear(message: PrimaryMessage, server: RunningServer): Promise<void> {
  if (message === 'readings') tell({ kind: 'readings', readings: server.readings() });
  else if (message === 'readiness') tell({ kind: 'readiness', ...(await readiness(server)) });
  else if (message !== 'prepared') {
    await server.close(message === 'stop gently' ? 'gently' : 'now');
    tell({ kind: 'readings', readings: server.readings() }, leave);
  }
}

/** Once the primary has heard that this one takes no more: what it dealt until then has been given back to it, for another worker. */
function leave(): void {
  process.once('disconnect', () => process.exit());
  cluster.worker?.disconnect();
}

async function readiness(server: RunningServer): Promise<{ unready?: FaultCode; failure?: ToldError }> {
  try {
    const unready = await server.unready();
    return unready === undefined ? {} : { unready };
  } catch (error) {
    return { failure: tellError(error) };
  }
}

/** Waits until the primary has prepared the store for a server of this name. */
async function prepared(issuer: string): Promise<void> {
  const answer = once(process, 'message');
  tell({ kind: 'named', issuer });
  await answer;
}

function tell(message: WorkerMessage, told?: () => void): void {
  process.send?.(message, undefined, undefined, told);
}
