import cluster from 'node:cluster';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import t from 'tap';
import { Agent } from 'undici';
import { openStorage } from '../../server/storage/open.ts';
import { exited, pids, replaced, start, WORKERS } from './place.ts';

t.test('PV-SEC-109 what the server runs by is in the audit once for all workers, at the start and at each reload', async (t) => {
  const { config, running } = await start(t, { proxies: ['192.0.2.1'] });
  const stated = { ...config.stated, proxies: ['192.0.2.2'] };
  await running.reload({ ...config, stated, token: { ...config.token, expLeeway: 5 } });
  const storage = await openStorage(join(config.dataDir, 'portvakt.db'));
  t.teardown(() => storage.close());
  const records = (await storage.audit.list(50)).filter(({ type }) => type === 'server.configured');
  t.match(
    records.map(({ details }) => details),
    [
      { settings: { proxies: ['192.0.2.2'], environment: 'test' }, weakened: ['token.exp_leeway_seconds: 5'] },
      { settings: { proxies: [], token: { require_jti: false } }, weakened: [] },
    ],
    'the newest first',
  );
});

t.test('a worker that dies while a reload replaces it leaves no worker too many, and none of before', async (t) => {
  const { config, running } = await start(t, { shutdown: { delay: 0, timeout: 1 } });
  for (const place of [0, 1]) {
    const victims = Object.values(cluster.workers ?? {});
    const gone = victims.map((worker) => worker && exited(worker));
    const forked = once(cluster, 'fork');
    const reloaded = running.reload({ ...config });
    await forked;
    victims[place]?.process.kill('SIGKILL');
    await Promise.all([reloaded, ...gone]);
    let serving: ReturnType<typeof pids> = [];
    for (let since = performance.now(); performance.now() - since < 3_000; await pause(50)) {
      if (serving.join() === pids().join()) continue;
      serving = pids();
      since = performance.now();
    }
    t.equal(serving.length, WORKERS);
  }
});

t.test('PV-SEC-038 a reload does not lead to another store, where spent assertions are fresh', async (t) => {
  const { config, running, form, ask } = await start(t);
  const before = pids();
  const elsewhere = `${config.dataDir}-elsewhere`;
  await t.rejects(running.reload({ ...config, dataDir: elsewhere }), /data_dir/);
  await t.rejects(access(elsewhere), { code: 'ENOENT' });
  t.same(pids(), before);
  t.equal(await ask(await form()), 'token');
});

t.test('what cannot be told to a worker that is leaving is logged, and nothing else happens', async (t) => {
  const { config, running, lines, form, ask } = await start(t);
  const leaving = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
  for (const worker of leaving) worker.once('disconnect', () => worker.emit('error', new Error('write EPIPE')));
  const gone = leaving.map(exited);
  await running.reload(config);
  await Promise.all(gone);
  t.equal(lines.filter(({ fields }) => `${fields.error}`.includes('write EPIPE')).length, WORKERS);
  t.equal(await ask(await form()), 'token');
});

t.test('a reload under load replaces every worker and loses no request', async (t) => {
  const { config, running, form, ask } = await start(t, { shutdown: { delay: 0.1, timeout: 20 } });
  const before = pids();
  const failures: unknown[] = [];
  let [over, asked] = [false, 0];
  const load = Array.from({ length: 8 }, async () => {
    const agent = new Agent({ connections: 1 });
    while (!over) {
      const answer = await ask(await form(), agent).catch((error: unknown) => error);
      asked++;
      if (answer !== 'token') failures.push(answer);
    }
    await agent.close();
  });
  const gone = before.map((pid) => {
    const worker = Object.values(cluster.workers ?? {}).find((each) => each?.process.pid === pid);
    return worker && exited(worker);
  });
  await running.reload({ ...config, token: { ...config.token, maxTokenLifetime: 60 } });
  await Promise.all(gone);
  over = true;
  await Promise.all(load);
  t.same(failures, []);
  t.ok(asked > 20, `${asked} requests`);
  t.same(
    pids().filter((pid) => before.includes(pid)),
    [],
  );
});

t.test('a worker makes its configuration of the file itself: it may be of a newer version than who started it', async (t) => {
  const { config, running, lives } = await start(t);
  const content = {
    ...{ issuer: running.issuer, environment: 'test', listen: { port: 0 } },
    ...{ operations: { listen: 'off' }, keys: { master: { kind: 'file', file: join(config.dataDir, 'master.key') } } },
    token: { max_lifetime_seconds: 60 },
  };
  const source = { file: '/nowhere/portvakt.yaml', content, dataDir: config.dataDir };
  t.equal(await lives(), 120);
  await running.reload({ ...config, source });
  await replaced();
  t.equal(await lives(), 60);
});

t.test('a reload that cannot be carried through leaves every worker as it was', async (t) => {
  const { config, running, lives } = await start(t);
  const file = join(t.testdir(), 'source.pem');
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  let forks = 0;
  const atFork = (): void => {
    forks++;
    if (forks === 2) rmSync(file);
  };
  cluster.on('fork', atFork);
  t.teardown(() => cluster.off('fork', atFork));
  const shorter = { ...config, sourceKeys: { register: file }, token: { ...config.token, maxTokenLifetime: 60 } };
  await t.rejects(running.reload(shorter), /source\.pem/);
  t.equal(forks, 3, 'one served, one did not start, and one came back');
  await replaced();
  t.same(await Promise.all(Array.from({ length: 8 }, lives)), Array(8).fill(120));
  t.equal(pids().length, WORKERS);
});

t.test('a reload with another issuer or data directory is refused', async (t) => {
  const { config, running } = await start(t);
  await t.rejects(running.reload({ ...config, issuer: 'https://other.example.no/' }), /^issuer: /);
  await t.rejects(running.reload({ ...config, dataDir: '/elsewhere' }), /^data_dir: /);
});
