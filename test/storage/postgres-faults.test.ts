import { statSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { RUNTIME_ROLE } from '../../proving/postgres-places.ts';
import { NOT_HERE } from '../../proving/postgres-programs.ts';
import { StubbornProxy } from '../../proving/stubborn-proxy.ts';
import { type Storage, StoreUnavailable } from '../../server/core/ports.ts';
import { DAY } from '../../server/core/time.ts';
import { openStorage } from '../../server/storage/open.ts';
import { readLocation } from '../../server/storage/postgres/location.ts';
import { ConnectionPool } from '../../server/storage/postgres/pool.ts';
import { postgresPlaces } from './postgres-place.ts';
import { owner, putAll, verdict } from './samples.ts';

/** How soon a store is used again once it can be, in milliseconds. `PV-SEC-118` */
const RECOVERY = 10_000;

const spend = (storage: Storage, jti: string): Promise<boolean> => storage.assertions.spend({ clientId: 'a', jti }, 99, verdict);

async function recovers(storage: Storage): Promise<void> {
  for (const deadline = performance.now() + RECOVERY; ; ) {
    try {
      return void (await storage.ready());
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** What may be asked of a store, by what it is for. */
const QUESTIONS: Readonly<Record<string, (storage: Storage) => Promise<unknown>>> = {
  spend: (storage) => spend(storage, 'refused'),
  transaction: (storage) => storage.transaction(putAll),
  append: (storage) => storage.audit.append(verdict),
  prune: (storage) => storage.assertions.prune(0, 1),
  ready: (storage) => storage.ready(),
};

if (NOT_HERE) t.pass('PostgreSQL cannot be run here', { skip: NOT_HERE });
else {
  const places = await postgresPlaces(t, { settings: { deadlock_timeout: '50ms' } });
  const { cluster } = places;
  const open = async (t: Test, location?: string): Promise<Storage> => {
    const storage = await openStorage(location ?? (await places.location()), { patience: 500 });
    t.teardown(() => storage.close());
    return storage;
  };

  t.test(
    'PV-SEC-118 a database that is gone refuses everything, spends nothing, and is used again when it is back',
    async (t) => {
      const storage = await open(t);
      await storage.transaction(putAll);
      t.equal(await spend(storage, 'before'), true);
      for (const fall of ['stop', 'crash'] as const) {
        await cluster[fall]();
        for (const [name, ask] of Object.entries(QUESTIONS)) await t.rejects(ask(storage), StoreUnavailable, `${fall}: ${name}`);
        await t.rejects(storage.organizations.find(owner.orgno), StoreUnavailable, `${fall}: find`);
        await t.rejects(openStorage(await places.location().catch(() => cluster.location('migrated'))), StoreUnavailable);
        await cluster.start();
        await recovers(storage);
        t.equal(await spend(storage, 'before'), false, 'what was spent is spent');
        t.equal(await spend(storage, `after ${fall}`), true);
      }
      t.equal(await spend(storage, 'refused'), true, 'what was refused was not');
      await storage.transaction(putAll);
      const { heads } = await storage.audit.end();
      t.equal(heads.length, 1, 'its chain goes on');
    },
  );

  t.test('PV-SEC-118 a database that crashes under load loses nothing that was acknowledged', async (t) => {
    const storage = await open(t);
    const acknowledged: string[] = [];
    let crash: Promise<void> | undefined;
    const spender = async (name: number): Promise<void> => {
      for (let n = 0; ; n++) {
        const jti = `${name}.${n}`;
        await spend(storage, jti);
        acknowledged.push(jti);
        if (acknowledged.length === 200) crash = cluster.crash();
      }
    };
    const ends = await Promise.allSettled(Array.from({ length: 20 }, (_, n) => spender(n)));
    for (const each of ends) t.ok(each.status === 'rejected' && each.reason instanceof StoreUnavailable);
    await crash;
    t.ok(acknowledged.length >= 200);
    await cluster.start();
    await recovers(storage);
    const again = await Promise.all(acknowledged.map((jti) => spend(storage, jti)));
    t.same(
      again.filter((fresh) => fresh),
      [],
    );
  });

  t.test('PV-SEC-118 a database that can only be read refuses every write, and takes them again afterwards', async (t) => {
    const storage = await open(t);
    await storage.transaction(putAll);
    await cluster.stop();
    await cluster.start({ default_transaction_read_only: 'on' });
    for (const [name, ask] of Object.entries(QUESTIONS)) await t.rejects(ask(storage), { name: 'StoreUnavailable' }, name);
    t.strictSame(await storage.organizations.find(owner.orgno), owner, 'what is registered can still be read');
    await cluster.stop();
    await cluster.start();
    await recovers(storage);
    t.equal(await spend(storage, 'refused'), true);
  });

  t.test('PV-SEC-118 a database without a connection to spare refuses, and is used again when there is one', async (t) => {
    const storage = await open(t);
    await cluster.sql(`ALTER ROLE ${RUNTIME_ROLE} CONNECTION LIMIT 0`);
    await cluster.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${RUNTIME_ROLE}'`);
    // The first statement may meet the connection that was cut, the second cannot have another.
    await spend(storage, 'refused').catch(() => {});
    await t.rejects(spend(storage, 'refused'), { name: 'StoreUnavailable', message: /53300/ });
    await cluster.sql(`ALTER ROLE ${RUNTIME_ROLE} CONNECTION LIMIT -1`);
    await recovers(storage);
    t.equal(await spend(storage, 'refused'), true);
  });

  t.test('PV-SEC-118 a database that does not answer is given up, and is used again when it does', async (t) => {
    const proxy = await StubbornProxy.before(cluster.socket);
    t.teardown(() => proxy.close());
    const storage = await open(t, `postgres://${RUNTIME_ROLE}@127.0.0.1:${proxy.port}/${await places.database()}`);
    proxy.swallow(true);
    const begun = performance.now();
    const refused = await Promise.allSettled(Object.values(QUESTIONS).map((ask) => ask(storage)));
    const took = performance.now() - begun;
    for (const each of refused) t.ok(each.status === 'rejected' && each.reason instanceof StoreUnavailable);
    t.ok(took < 1_500, `${Math.round(took)} ms`);
    proxy.swallow(false);
    await recovers(storage);
    t.equal(await spend(storage, 'after'), true);
  });

  t.test('PV-SEC-119 a lock that is not given in time refuses what waits for it, and the connection is used again', async (t) => {
    const location = await places.location();
    const storage = await open(t, location);
    const pool = new ConnectionPool({ ...readLocation(location).config, max: 1 }, () => {});
    t.teardown(() => pool.close());
    const locked = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const holding = pool.transaction('BEGIN', async (connection) => {
      await connection.statement<[]>('UPDATE audit_end SET sequence = sequence').run();
      locked.resolve();
      await release.promise;
    });
    await locked.promise;
    await t.rejects(spend(storage, '1'), { name: 'StoreUnavailable', message: /55P03/ });
    release.resolve();
    await holding;
    t.equal(await spend(storage, '1'), true);
  });

  t.test(
    'PV-SEC-120 work that the database gives back is done again, a bounded number of times, and never told as done',
    async (t) => {
      const database = await places.database();
      await cluster.sql(
        'CREATE TABLE public.pairs (id int PRIMARY KEY, n int); INSERT INTO public.pairs VALUES (1, 0), (2, 0)',
        database,
      );
      const pool = new ConnectionPool({ ...readLocation(cluster.location(database)).config, max: 2 }, () => {});
      t.teardown(() => pool.close());
      let attempts = 0;
      const crosswise = (ids: readonly number[]): Promise<void> =>
        pool.transaction('BEGIN', async (connection) => {
          attempts++;
          const raise = connection.statement<[number]>('UPDATE public.pairs SET n = n + 1 WHERE id = $1');
          for (const id of ids) {
            await raise.run(id);
            await new Promise((resolve) => setTimeout(resolve, 5));
          }
        });
      await Promise.all([crosswise([1, 2]), crosswise([2, 1])]);
      t.ok(attempts > 2, 'they met');
      t.same(await cluster.sql('SELECT n FROM public.pairs', database), [{ n: 2 }, { n: 2 }]);

      attempts = 0;
      const hopeless = pool.transaction('BEGIN', async (connection) => {
        attempts++;
        await connection.statement<[]>(`DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '40001'; END $$`).run();
      });
      await t.rejects(hopeless, { name: 'StoreUnavailable', message: /again \(40001\)/ });
      t.equal(attempts, 6);
    },
  );

  t.test('PV-SEC-031 a node whose clock is ahead removes nothing that is not over by the database’s clock', async (t) => {
    const storage = await open(t);
    const now = Math.floor(Date.now() / 1000);
    for (const [jti, expires] of [
      ['over', now - 3_600],
      ['used now', now + 60],
    ] as const)
      await storage.assertions.spend({ clientId: 'a', jti }, expires, verdict);
    t.equal(await storage.assertions.prune(now + 86_400, 100), 1);
    t.equal(await storage.assertions.isSpent({ clientId: 'a', jti: 'used now' }), true);
    const { replayFloor } = await storage.standing();
    t.same(
      replayFloor.forgotten,
      [{ since: now - 3_600, until: now - 3_600 }],
      'so nobody is shut out for what it has forgotten',
    );
  });

  t.test('a node whose clock is ahead removes no explanation that is not too old by the database’s clock', async (t) => {
    const { explanations } = await open(t);
    const now = Math.floor(Date.now() / 1000);
    const of = (at: number) =>
      ({ id: `${at}`.padStart(32, '0'), at, code: 'MP-011', isProven: false, scopes: [], checks: [] }) as const;
    await explanations.add([of(now - 8 * DAY), of(now - DAY)]);
    t.equal(await explanations.prune({ now: now + 365 * DAY, seconds: 7 * DAY }, 10, 10), 1);
    t.equal((await explanations.find(of(now - DAY).id)).length, 1);
  });

  t.test(
    'PV-SEC-088 a node whose clock is ahead removes no first result that is not too old by the database’s clock',
    async (t) => {
      const storage = await open(t);
      const now = Math.floor(Date.now() / 1000);
      await storage.transaction(async ({ firstResults }) => {
        for (const [key, created] of [
          ['old', now - 2 * DAY],
          ['new', now - 60],
        ] as const)
          await firstResults.put({ clientId: 'a', key, request: 'r', answer: {}, created });
        await firstResults.prune(now + 365 * DAY, DAY);
        t.equal(await firstResults.find('a', 'old'), undefined);
        t.ok(await firstResults.find('a', 'new'), 'or what comes twice would be carried out twice');
      });
    },
  );

  t.test('a node whose clock is ahead closes no month that is not over by the database’s clock', async (t) => {
    const { audit, statistics } = await open(t);
    const now = Math.floor(Date.now() / 1000);
    await audit.append({ ...verdict, at: now });
    while (await statistics.fold());
    t.equal(await statistics.close(now + 400 * DAY), undefined);
    t.same(await statistics.months(), []);
  });

  t.test('PV-SEC-073 a change whose notice is lost is known of within a second', async (t) => {
    const database = await places.database();
    const storage = await open(t, cluster.location(database, RUNTIME_ROLE));
    const first = (await storage.standing()).version;
    await cluster.sql('UPDATE portvakt.register_version SET version = version + 1', database);
    const changed = performance.now();
    while ((await storage.standing()).version === first) await new Promise((resolve) => setTimeout(resolve, 10));
    const took = performance.now() - changed;
    t.ok(took < 1_000, `${Math.round(took)} ms`);
    await cluster.sql('UPDATE portvakt.register_version SET version = 0', database);
    while ((await storage.standing()).version !== 0) await new Promise((resolve) => setTimeout(resolve, 10));
    t.pass('a database that has less is believed, too: it may have taken the place of one that had more');
  });

  t.test('PV-SEC-073 a change is known at once in every process of its node, and nothing has to be told', async (t) => {
    const database = await places.database();
    const location = cluster.location(database, RUNTIME_ROLE);
    await cluster.sql('REVOKE EXECUTE ON FUNCTION pg_notify(text, text) FROM PUBLIC', database);
    const node = t.testdir({ one: {}, other: {} });
    const open = async (name: string) => {
      const storage = await openStorage(location, { changeMark: join(node, name, 'changed') });
      t.teardown(() => storage.close());
      return storage;
    };
    const [taking, neighbour, elsewhere] = [await open('one'), await open('one'), await open('other')];
    for (let change = 0; change < 20; change++) {
      const [before, unaware] = [await neighbour.standing(), await elsewhere.standing()];
      await taking.transaction(putAll);
      const { version } = await taking.standing();
      t.ok(version > before.version);
      t.equal((await neighbour.standing()).version, version);
      t.ok((await elsewhere.standing()).version >= unaware.version, 'another node asks in its own time');
    }
    t.equal(statSync(join(node, 'one', 'changed')).mode & 0o077, 0);
  });

  t.test('PV-SEC-073 a change whose mark cannot be made is a change all the same, and is told', async (t) => {
    const location = cluster.location(await places.database(), RUNTIME_ROLE);
    const node = t.testdir({ changed: {} });
    const open = async () => {
      const storage = await openStorage(location, { changeMark: join(node, 'changed') });
      t.teardown(() => storage.close());
      return storage;
    };
    const [taking, neighbour] = [await open(), await open()];
    const { version } = await neighbour.standing();
    await taking.transaction(putAll);
    while ((await neighbour.standing()).version === version) await new Promise((resolve) => setTimeout(resolve, 10));
    t.pass();
  });

  t.test('PV-SEC-073 what was asked of a slow database long before is no answer to who asks now', async (t) => {
    const proxy = await StubbornProxy.before(cluster.socket);
    t.teardown(() => proxy.close());
    const database = await places.database();
    const storage = await openStorage(`postgres://${RUNTIME_ROLE}@127.0.0.1:${proxy.port}/${database}`);
    t.teardown(() => storage.close());
    const { version } = await storage.standing();
    const later = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
    await later(850);
    proxy.slow(1_100);
    const early = storage.standing();
    await later(50);
    await cluster.sql('UPDATE portvakt.register_version SET version = version + 1', database);
    await later(850);
    const late = storage.standing();
    t.equal((await early).version, version, 'as it was when it was asked for');
    t.equal((await late).version, version + 1);
    proxy.slow(0);
  });

  t.test('notices are heard again when the connection that heard them was lost', async (t) => {
    const database = await places.database();
    const location = cluster.location(database, RUNTIME_ROLE);
    const [storage, other] = [await open(t, location), await open(t, location)];
    const listeners = `FROM pg_stat_activity WHERE datname = '${database}' AND query = 'LISTEN portvakt_changed'`;
    const listening = async (n: number): Promise<void> => {
      while ((await cluster.sql(`SELECT 1 ${listeners}`)).length !== n) await new Promise((resolve) => setTimeout(resolve, 10));
    };
    await listening(2);
    await cluster.sql(`SELECT pg_terminate_backend(pid) ${listeners}`);
    await listening(2);
    (await storage.standing()).version;
    await other.transaction(putAll);
    const expected = (await other.standing()).version;
    const told = performance.now();
    while ((await storage.standing()).version !== expected) await new Promise((resolve) => setImmediate(resolve));
    t.ok(performance.now() - told < 500, 'sooner than by asking');
  });
}
