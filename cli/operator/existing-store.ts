import { access } from 'node:fs/promises';
import { type Config, type StoreSettings, storeOf } from '../../server/config.ts';
import type { Storage } from '../../server/core/ports.ts';
import { openStorage } from '../../server/storage/open.ts';
import { Failure } from '../failure.ts';

/** Opens the store of a configuration, and makes none. @throws as {@link existingStore} and `openStorage` */
export async function openExisting(config: Config): Promise<Storage> {
  const { location, ...store } = await existingStore(config);
  return openStorage(location, store);
}

/** Where the store of a configuration is. @throws {Failure} `unhealthy` where it would be a file, and there is none */
export async function existingStore(config: Pick<Config, 'store' | 'dataDir'>): Promise<StoreSettings> {
  const store = storeOf(config);
  if (config.store) return store;
  await access(store.location).catch((cause: unknown) => {
    throw new Failure('unhealthy', `there is no store in ${config.dataDir}`, { fix: 'portvakt init makes one', cause });
  });
  return store;
}
