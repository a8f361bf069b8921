import { join } from 'node:path';
import t from 'tap';
import { startCluster } from '../../server/cluster.ts';
import { devConfig } from '../../server/config.ts';
import { StoreUnusable } from '../../server/storage/open.ts';
import { isServed, lockForServer } from '../../server/storage/upkeep.ts';

t.test('a data directory has one server: a second is refused, and starts nothing', async (t) => {
  const dataDir = join(t.testdir(), 'data');
  const unlock = lockForServer(dataDir);
  t.equal(isServed(dataDir), true);
  const config = devConfig({ dataDir, port: 0, limits: {} });
  await t.rejects(startCluster(config, { workers: 1 }), StoreUnusable);
  await t.rejects(startCluster(config, { workers: 1 }), {
    message: `another server runs on ${dataDir}: stop it, or give this one a data_dir of its own`,
  });
  unlock();
  t.equal(isServed(dataDir), false, 'it can be had again');
});
