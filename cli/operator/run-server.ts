import { access, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { RunningCluster } from '../../server/cluster.ts';
import { type Config, readConfig, readWorkers } from '../../server/config.ts';
import { Failure } from '../failure.ts';
import type { View } from '../output.ts';
import { stopSignal } from '../signals.ts';
import type { Terminal } from '../terminal.ts';
import { shutTheMemory } from './hardening.ts';

export type ServeOptions = { readonly config?: string; readonly check?: boolean };

type Serving = { readonly issuer: string; readonly token_endpoint: string; readonly data_dir: string };

/**
 * Serves by the configuration until the first signal to stop, and reads it again at SIGHUP; or judges what a start would stand on, and does not listen.
 * @throws {Failure | ConfigMistake | KeyUnusable | StoreUnavailable} or the system's error when the port is taken
 */
export async function serve({ config: file, check }: ServeOptions, terminal: Terminal): Promise<void> {
  const path = file ?? (await nearestConfig(process.cwd()));
  const config = await readConfig(path);
  const workers = readWorkers();
  if (check) return judge(config, terminal);
  const unshut = shutTheMemory(config.environment);
  const { startCluster } = await import('../../server/cluster.ts');
  const stopped = stopSignal(['SIGINT', 'SIGTERM']);
  const started = startCluster(config, { workers });
  reloadAtHangup(started, path);
  const cluster = await started;
  if (unshut !== undefined) cluster.log.warn('memory can be seen', { detail: unshut });
  await terminal.ready(serving(cluster.issuer, config), view);
  const lost = await Promise.race([stopped, cluster.lost]);
  await cluster.close();
  if (lost instanceof Error) throw lost;
}

/** One reload at a time; a file that cannot be used, or with which no worker starts, is told of, and nothing changes. */
function reloadAtHangup(started: Promise<RunningCluster>, file: string): void {
  // One that does not start is told of where it is waited for.
  let reloading = started.then(
    () => {},
    () => {},
  );
  process.on('SIGHUP', () => {
    reloading = reloading.then(async () => {
      const cluster = await started.catch(() => undefined);
      if (!cluster) return;
      try {
        await cluster.reload(await readConfig(file));
      } catch (error) {
        cluster.log.error('not reloaded', { error: error instanceof Error ? error.message : String(error) });
      }
    });
  });
}

/** Opens everything and closes it again. @throws {Failure} `unhealthy`, where a start would first have to make the data */
async function judge(config: Config, terminal: Terminal): Promise<void> {
  await access(config.dataDir).catch((cause: unknown) => {
    throw new Failure('unhealthy', `${config.dataDir} cannot be entered`, { fix: 'portvakt init makes a data directory', cause });
  });
  if (!config.store) await assertThere(join(config.dataDir, 'portvakt.db'));
  const [{ openFoundations }, { openTls }] = await Promise.all([
    import('../../server/foundations.ts'),
    import('../../server/tls.ts'),
  ]);
  if (config.tls) openTls(config.tls);
  const { storage } = await openFoundations(config, {});
  try {
    await storage.ready();
  } finally {
    await storage.close();
  }
  terminal.say('configuration, keys and store are fit for use');
  await terminal.answer(serving(config.issuer ?? '', config), view);
}

/** A start would make a database where there is none; to judge is not to make. */
async function assertThere(database: string): Promise<void> {
  const size = await stat(database).then(
    (file) => file.size,
    () => 0,
  );
  if (size === 0)
    throw new Failure('unhealthy', `${database} is missing or empty`, { fix: 'portvakt init makes it, a backup brings it back' });
}

/** The configuration, looked for from the folder upwards, as user-experience §4 has it. @throws {Failure} `config` */
export async function nearestConfig(folder: string): Promise<string> {
  const file = join(folder, 'portvakt.yaml');
  const there = await access(file).then(
    () => true,
    () => false,
  );
  if (there) return file;
  if (dirname(folder) !== folder) return nearestConfig(dirname(folder));
  throw new Failure('config', `there is no portvakt.yaml in ${resolve()} or above`, { fix: 'portvakt init writes one' });
}

function serving(issuer: string, { dataDir }: Config): Serving {
  return { issuer, token_endpoint: new URL('token', issuer).href, data_dir: dataDir };
}

const view: View<Serving> = {
  fields: [{ name: 'issuer' }, { name: 'token_endpoint' }, { name: 'data_dir' }],
  name: ({ issuer }) => `issuer/${issuer}`,
};
