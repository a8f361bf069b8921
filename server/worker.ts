import { once } from 'node:events';
import { systemClock } from './clock.ts';
import { startServer } from './main.ts';
import { type PrimaryMessage, tellError, type WorkerMessage, type WorkerTask } from './worker-messages.ts';

// One worker of server/cluster.ts: the whole server in a process that the primary has forked, which tells it when to stop. It ends with
// the primary, however that ends. Signals that a terminal or a service manager sends to the whole group are the primary's to judge.

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1'] as const) process.on(signal, () => {});
process.once('message', (task: WorkerTask) => void work(task));

async function work({ config, clockOffset, prepares }: WorkerTask): Promise<void> {
  try {
    const server = await startServer(config, {
      clock: { now: () => systemClock.now() + clockOffset },
      ...(prepares && { prepare: (_, issuer) => prepared(issuer) }),
    });
    process.on('message', async (message: PrimaryMessage) => {
      if (message === 'prepared') return;
      await server.close(message === 'stop gently' ? 'gently' : 'now');
      process.exit();
    });
    tell({ kind: 'ready', issuer: server.issuer, port: server.port });
  } catch (error) {
    tell({ kind: 'failed', error: tellError(error) }, () => process.exit(1));
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
