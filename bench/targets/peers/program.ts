import cluster from 'node:cluster';
import { once } from 'node:events';
import { type PeerTask, TASK } from './peer-task.ts';

// A peer with as many workers as the measured Portvakt, as node:cluster runs them. It says `ready` when all of them listen.

const task = JSON.parse(process.env[TASK] ?? '{}') as PeerTask;

if (cluster.isPrimary) await startWorkers(task);
else await startOne(task);

async function startWorkers({ workers }: PeerTask): Promise<void> {
  process.once('SIGTERM', () => {
    for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill('SIGTERM');
    process.exit();
  });
  cluster.on('exit', (worker, code, signal) => {
    process.stderr.write(`worker ${worker.process.pid} ended with ${signal ?? code}\n`);
    process.exit(1);
  });
  await Promise.all(Array.from({ length: workers }, () => once(cluster.fork(), 'listening')));
  process.stdout.write('ready\n');
}

/** Loads that peer alone. */
async function startOne(one: PeerTask): Promise<void> {
  process.once('disconnect', () => process.exit());
  if (one.peer === 'oidc-provider') (await import('./oidc-provider.ts')).startOidcProvider(one);
  else await (await import('./oauth2-mock-server.ts')).startMockServer(one);
}
