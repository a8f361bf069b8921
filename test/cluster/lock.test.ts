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

t.test('a server that follows another on the same socket may start beside it, and a third may not', async (t) => {
  const dataDir = join(t.testdir(), 'data');
  const first = lockForServer(dataDir, 'follows');
  const second = lockForServer(dataDir, 'follows');
  t.throws(() => lockForServer(dataDir, 'follows'), StoreUnusable);
  first();
  t.throws(() => lockForServer(dataDir), StoreUnusable, 'one that follows nobody waits until the last is gone');
  const third = lockForServer(dataDir, 'follows');
  second();
  t.equal(isServed(dataDir), true);
  third();
  t.equal(isServed(dataDir), false);
  lockForServer(dataDir)();
});
