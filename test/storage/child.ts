/** A process that uses a store for a test: `node child.ts TASK LOCATION`. It prints `here`, and a line for each thing done. */
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { StoreUnavailable } from '../../server/core/ports.ts';
import { migrateStorage, openStorage } from '../../server/storage/open.ts';
import { MIGRATIONS } from '../../server/storage/sqlite/migrations.ts';
import { owner, verdict } from './samples.ts';
import { statementsOf } from './statements.ts';

const [task = '', location = ''] = process.argv.slice(2);
const print = (line: string) => process.stdout.write(`${line}\n`);

const tasks: Record<string, () => Promise<void>> = {
  async 'open-together'() {
    print('here');
    await once(process.stdin, 'data');
    await migrateStorage(location);
    const storage = await openStorage(location);
    await storage.close();
    print('ready');
  },

  async race() {
    const storage = await openStorage(location);
    print('here');
    await once(process.stdin, 'data');
    const outcomes: boolean[] = [];
    for (let n = 0; n < 500; n += 5) {
      const jtis = [0, 1, 2, 3, 4].map((place) => `${n + place}`);
      outcomes.push(...(await Promise.all(jtis.map((jti) => storage.assertions.spend({ clientId: 'a', jti }, 1, verdict)))));
    }
    await storage.close();
    print(JSON.stringify(outcomes));
  },

  async 'until-killed'() {
    const storage = await openStorage(location);
    print('here');
    for (let n = 0; ; n++) {
      const jti = `${n}`;
      const spending = storage.assertions.spend({ clientId: 'a', jti }, 1, verdict);
      await storage.transaction(async (changes) => {
        await changes.organizations.put({ ...owner, orgno: jti });
        await changes.audit.append(verdict);
      });
      await spending;
      print(jti);
    }
  },

  /** Migrates a database, and is killed after so many statements of one migration: `FILE|MIGRATION|STATEMENTS`. */
  async 'killed-migrating'() {
    const [file = '', name, statements] = location.split('|');
    const sql = MIGRATIONS.find((migration) => migration.name === name)?.sql ?? '';
    const { exec } = Database.prototype;
    Database.prototype.exec = function (text) {
      if (text !== sql) return exec.call(this, text);
      exec.call(this, statementsOf(sql).slice(0, Number(statements)).join(''));
      process.kill(process.pid, 'SIGKILL');
      return this;
    };
    print('here');
    await openStorage(file);
    print('it was not killed');
  },

  async 'hold-lock'() {
    const database = new Database(location);
    database.exec('BEGIN IMMEDIATE');
    print('here');
    print('locked');
    await setTimeout(100);
    database.exec('ROLLBACK');
    database.close();
  },

  /** Spends until the store fails, and says how that was. */
  async 'until-full'() {
    const storage = await openStorage(location);
    print('here');
    const large = { ...verdict, details: { padding: 'x'.repeat(10_000) } };
    for (let n = 0; ; n++) {
      const key = { clientId: 'a', jti: `${n}` };
      const error = await storage.assertions.spend(key, 1, large).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (error === undefined) continue;
      const unavailable = error instanceof StoreUnavailable;
      print(JSON.stringify({ acknowledged: n, unavailable, spent: await storage.assertions.isSpent(key), error: String(error) }));
      return;
    }
  },
};

await tasks[task]?.();
process.exit();
