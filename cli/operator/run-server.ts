import { access, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { type Config, readConfig } from '../../server/config.ts';
import { Failure } from '../failure.ts';
import type { View } from '../output.ts';
import { stopSignal } from '../signals.ts';
import type { Terminal } from '../terminal.ts';
import { shutTheInspector } from './hardening.ts';

export type ServeOptions = { readonly config?: string; readonly check?: boolean };

type Serving = { readonly issuer: string; readonly token_endpoint: string; readonly data_dir: string };

/**
 * Serves by the configuration until the first signal; or judges what a start would stand on, and does not listen.
 * @throws {Failure | ConfigMistake | KeyUnusable | StoreUnavailable} or the system's error when the port is taken
 */
export async function serve({ config: file, check }: ServeOptions, terminal: Terminal): Promise<void> {
  const config = await readConfig(file ?? (await nearestConfig(process.cwd())));
  if (check) return judge(config, terminal);
  shutTheInspector(config.environment);
  const { startServer } = await import('../../server/main.ts');
  const stopped = stopSignal();
  const server = await startServer(config);
  await terminal.ready(serving(server.issuer, config), view);
  await stopped;
  await server.close();
}

/** Opens everything and closes it again. @throws {Failure} `unhealthy`, where a start would first have to make the data */
async function judge(config: Config, terminal: Terminal): Promise<void> {
  await access(config.dataDir).catch((cause: unknown) => {
    throw new Failure('unhealthy', `${config.dataDir} cannot be entered`, { fix: 'portvakt init makes a data directory', cause });
  });
  await assertThere(join(config.dataDir, 'portvakt.db'));
  const { openFoundations } = await import('../../server/main.ts');
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
