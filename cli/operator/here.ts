import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { readConfig, type StoreSettings } from '../../server/config.ts';
import { Failure } from '../failure.ts';
import { nearestConfig } from './run-server.ts';

/** What a command of the host looks after. */
export type StoreHere = {
  readonly dataDir: string;
  /** The file in it, which is there unless the configuration names another store. */
  readonly database: string;
  readonly store?: StoreSettings;
};

/** The data directory of a configuration, and the store. @throws {Failure} `unhealthy` when there is none; as `readConfig` */
export async function storeHere(config: string | undefined): Promise<StoreHere> {
  const { dataDir, store } = await readConfig(config ?? (await nearestConfig(process.cwd())));
  const database = join(dataDir, 'portvakt.db');
  if (store) return { dataDir, database, store };
  await access(database).catch((cause: unknown) => {
    throw new Failure('unhealthy', `there is no store in ${dataDir}`, { fix: 'portvakt init makes one', cause });
  });
  return { dataDir, database };
}
