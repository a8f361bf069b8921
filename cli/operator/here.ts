import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { readConfig } from '../../server/config.ts';
import { Failure } from '../failure.ts';
import { nearestConfig } from './run-server.ts';

/** The data directory of a configuration, and the database in it. @throws {Failure} `unhealthy` when there is none; as `readConfig` */
export async function storeHere(config: string | undefined): Promise<{ readonly dataDir: string; readonly database: string }> {
  const { dataDir } = await readConfig(config ?? (await nearestConfig(process.cwd())));
  const database = join(dataDir, 'portvakt.db');
  await access(database).catch((cause: unknown) => {
    throw new Failure('unhealthy', `there is no store in ${dataDir}`, { fix: 'portvakt init makes one', cause });
  });
  return { dataDir, database };
}
