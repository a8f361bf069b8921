import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import t, { type Test } from 'tap';
import { parse, stringify } from 'yaml';
import { type Manifest, pack } from '../../cli/operator/backup/archive.ts';
import { assertOfThisVersion } from '../../cli/operator/backup/restore-database.ts';
import { seal } from '../../cli/operator/backup/sealed-stream.ts';
import { OWNER_ROLE, RUNTIME_ROLE } from '../../proving/postgres-places.ts';
import { NOT_HERE } from '../../proving/postgres-programs.ts';
import type { Storage } from '../../server/core/ports.ts';
import { openStorage } from '../../server/storage/open.ts';
import { COPIED_TABLES, KNOWN_SCHEMA } from '../../server/storage/upkeep.ts';
import { postgresPlaces } from '../storage/postgres-place.ts';
import { client, putAll, verdict } from '../storage/samples.ts';
import { newUser, type User } from './portvakt.ts';

// Each command is a process of its own.
t.setTimeout(120_000);

const KEY = ['--key-file', 'backup.key'];

if (NOT_HERE) t.pass('PostgreSQL cannot be run here', { skip: NOT_HERE });
else {
  const places = await postgresPlaces(t);
  const { cluster } = places;

  /** A host whose configuration names a database. */
  type Host = User & { readonly database: string; name(database: string): Promise<void> };

  const host = async (t: Test): Promise<Host> => {
    const user = await newUser(t);
    t.equal((await user.run(['init', '--issuer', 'http://localhost:7300/'])).code, 0);
    const config = join(user.home, 'portvakt.yaml');
    const settings = parse(await readFile(config, 'utf8')) as object;
    const name = async (database: string): Promise<void> => {
      await writeFile(config, stringify({ ...settings, store: { url_file: 'url' } }));
      await writeFile(join(user.home, 'url'), cluster.location(database, RUNTIME_ROLE), { mode: 0o600 });
      await writeFile(join(user.home, 'owner'), cluster.location(database, OWNER_ROLE), { mode: 0o600 });
    };
    await writeFile(join(user.home, 'backup.key'), 'k'.repeat(32), { mode: 0o600 });
    await writeFile(join(user.home, 'other.key'), 'o'.repeat(32), { mode: 0o600 });
    const database = await places.database();
    await name(database);
    const checked = await user.run(['serve', '--check']);
    t.equal(checked.code, 0, checked.stderr);
    return { ...user, database, name };
  };

  const withStore = async <T>(database: string, work: (storage: Storage) => Promise<T>): Promise<T> => {
    const storage = await openStorage(cluster.location(database, RUNTIME_ROLE));
    return work(storage).finally(() => storage.close());
  };

  /** Nobody is told when a connection that was ended has gone. */
  const alone = async (database: string): Promise<void> => {
    const others = `SELECT 1 AS one FROM pg_stat_activity WHERE datname = '${database}' AND application_name = 'portvakt'`;
    while ((await cluster.sql<{ one: number }>(others)).length > 0);
  };

  const countOf = async (database: string, table: string): Promise<number> =>
    (await cluster.sql<{ n: number }>(`SELECT count(*)::int AS n FROM portvakt.${table}`, database))[0]?.n ?? 0;

  t.test(
    'PV-SEC-036 PV-SEC-123 a PostgreSQL installation is backed up while servers write, and restored to that moment',
    async (t) => {
      const { run, home, database, name } = await host(t);
      const spend = (storage: Storage, jti: string) =>
        storage.assertions.spend({ clientId: client.clientId, jti }, 9_999_999_999, verdict);
      const made = await withStore(database, async (storage) => {
        await storage.transaction(putAll);
        // No server trusts the sample of an authority.
        await cluster.sql('SET search_path = portvakt; DELETE FROM trust_entries', database);
        // Pages of the table are read on both sides of a boundary.
        await Promise.all(Array.from({ length: 1_100 }, (_, n) => spend(storage, `before ${n}`)));
        // Who looks after the database may have its own mind of what lasts too long; the servers have theirs.
        await cluster.sql(`ALTER DATABASE ${database} SET statement_timeout = 1`);
        const backup = run(['db', 'backup', '--to', 'a.backup', ...KEY, '-o', 'json']);
        let isOver = false;
        void backup.then(() => {
          isOver = true;
        });
        for (let n = 0; !isOver; n++) await spend(storage, `meanwhile ${n}`);
        return backup;
      });
      t.equal(made.code, 0, made.stderr);
      const { sha256, last_sequence } = JSON.parse(made.stdout);
      t.notOk((await readFile(join(home, 'a.backup'))).includes('orgno'), 'it is encrypted');
      t.notOk((await readdir(home)).some((file) => file.includes('unfinished')));
      await withStore(database, async (storage) => {
        t.match(
          (await storage.audit.list(9)).find(({ type }) => type === 'store.backed_up'),
          { details: { sha256 } },
        );
        t.ok((await storage.audit.end()).sequence > last_sequence, 'they went on');
      });

      const other = await places.database();
      await name(other);
      const before = Math.floor(Date.now() / 1000);
      const ended = await run([
        'db',
        'restore',
        'a.backup',
        '--to',
        'new-data',
        ...KEY,
        '--owner-url-file',
        'owner',
        '-o',
        'json',
      ]);
      t.equal(ended.code, 0, ended.stderr);
      t.match(JSON.parse(ended.stdout), { sha256, keys: 2, records: last_sequence, schema: KNOWN_SCHEMA, undone: null });
      await withStore(other, async (storage) => {
        t.strictSame(await storage.clients.find(client.clientId), client);
        t.equal(await spend(storage, 'before 7'), false, 'what was spent is spent');
        const { replayFloor, version } = await storage.standing();
        t.ok(replayFloor.issuedFrom >= before + 10, 'also what a clock ten seconds ahead has issued is refused');
        t.ok(version > 1_000_000, 'whoever still knows the lost database reads all anew');
        t.ok((await storage.trust.version()) > 1_000_000, 'also whom it trusts');
        t.match(await storage.audit.list(1), [{ type: 'store.restored', details: { sha256, sequence: last_sequence } }]);
      });
      t.same(await readdir(join(home, 'new-data', 'keys')), await readdir(join(home, 'portvakt-data', 'keys')));
      t.same(
        (await readdir(join(home, 'new-data'))).sort(),
        ['audit-keys', 'keys'],
        'and nothing that was of the lost node alone',
      );
      const served = await run(['serve', '--check'], { env: { PORTVAKT_DATA: join(home, 'new-data') } });
      t.equal(served.code, 0, served.stderr);
      await alone(other);
      const again = await run(['db', 'restore', 'a.backup', '--to', 'newer-data', ...KEY, '--owner-url-file', 'owner']);
      t.match(again, { code: 11, stderr: /the database is not empty/ }, 'into an empty database alone');
      t.notOk((await readdir(home)).includes('newer-data'));
    },
  );

  t.test('PV-SEC-123 a restore to PostgreSQL that is refused leaves database and folder as they were', async (t) => {
    const { run, home, database, name } = await host(t);
    t.equal((await run(['db', 'backup', '--to', 'a.backup', ...KEY])).code, 0);
    t.match(await run(['db', 'backup', '--to', 'a.backup', ...KEY]), { code: 7, stderr: /nothing is overwritten/ });
    const other = await places.database();
    await name(other);
    const restore = (file = 'a.backup', more = [...KEY, '--owner-url-file', 'owner']) =>
      run(['db', 'restore', file, '--to', 'new-data', ...more]);
    const untouched = async (what: string): Promise<void> => {
      t.notOk((await readdir(home)).includes('new-data'), what);
      t.equal(await countOf(other, 'signing_keys'), 0, what);
    };

    const bytes = await readFile(join(home, 'a.backup'));
    await writeFile(join(home, 'cut.backup'), bytes.subarray(0, bytes.length - 40));
    t.match(await restore('cut.backup'), { code: 8, stderr: /cut short or changed/ });
    t.match(await restore('a.backup', ['--key-file', 'other.key', '--owner-url-file', 'owner']), {
      code: 8,
      stderr: /not that of this/,
    });
    t.match(await restore('a.backup', KEY), { code: 2, stderr: /put in by the database's owner/ });
    await untouched('before anything is begun');

    const files = [...Object.keys(COPIED_TABLES).map((table) => `portvakt.rows/${table}.ndjson`), 'portvakt.rows/positions.json'];
    const none = { size: 0, sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' };
    const manifest = (schema: number, paths = files): Manifest => ({
      ...{ created: 1, program: '9.9.9', schema, readable_by: schema, sequence: 0 },
      files: paths.map((path) => ({ path, ...none })),
    });
    const made = async (about: Manifest): Promise<string> => {
      const sealed = pack(about, () => Readable.from([]));
      await writeFile(join(home, 'made.backup'), seal(sealed, { key: Buffer.from('k'.repeat(32)) }));
      return 'made.backup';
    };
    t.match(await restore(await made(manifest(KNOWN_SCHEMA + 1))), { code: 8, stderr: /is newer than this version's/ });
    t.match(await restore(await made(manifest(KNOWN_SCHEMA - 1))), { code: 8, stderr: /is older than this.*Portvakt 9\.9\.9/ });
    t.match(await restore(await made(manifest(KNOWN_SCHEMA))), { code: 8, stderr: /positions\.json cannot be read/ });
    const judge = (paths: readonly string[]) => () => assertOfThisVersion(manifest(KNOWN_SCHEMA, [...paths]));
    t.throws(judge(files.slice(1)), { message: /it lacks portvakt\.rows\/organizations/ });
    t.throws(judge(files.slice(0, -1)), { message: /it lacks portvakt\.rows\/positions/ });
    t.throws(judge([...files, 'portvakt.rows/pg_authid.ndjson']), { message: /does not know: pg_authid/ });
    await untouched('a table of contents that is not this version’s');

    await withStore(other, async () =>
      t.match(await restore(), { code: 11, stderr: /a server is connected to the database: stop it/ }),
    );
    await alone(other);
    await writeFile(join(home, 'owner'), cluster.location(await places.database(), OWNER_ROLE), { mode: 0o600 });
    t.match(await restore(), { code: 11, stderr: /leads to another database/ });
    await name(other);
    await cluster.sql(
      `CREATE FUNCTION portvakt.bends() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.created := NEW.created + 1; RETURN NEW; END $$;
       CREATE TRIGGER bends BEFORE INSERT ON portvakt.signing_keys FOR EACH ROW EXECUTE FUNCTION portvakt.bends()`,
      other,
    );
    t.match(await restore(), {
      code: 11,
      stderr: /signing_keys came back otherwise than the backup has it: nothing was restored/,
    });
    await untouched('a row that came back otherwise');
    await cluster.sql('DROP TRIGGER bends ON portvakt.signing_keys', other);
    await rename(join(home, 'portvakt-data.master-key'), join(home, 'away'));
    t.match(await restore(), { code: 11, stderr: /master key/ });
    await untouched('keys that cannot be opened');
    await rename(join(home, 'away'), join(home, 'portvakt-data.master-key'));
    const ended = await restore();
    t.equal(ended.code, 0, ended.stderr);

    await name(database);
    const [key = ''] = await readdir(join(home, 'portvakt-data', 'keys'));
    await rename(join(home, 'portvakt-data', 'keys', key), join(home, key));
    const lacking = await run(['db', 'backup', '--to', 'b.backup', ...KEY]);
    t.match(lacking, { code: 11, stderr: /has no file of the signing key/ }, 'which no restore would take');
    t.notOk((await readdir(home)).includes('b.backup'));
  });

  t.test('a backup goes back to the kind of store that it is of, and says so', async (t) => {
    const { run, home, name, database } = await host(t);
    t.equal((await run(['db', 'backup', '--to', 'database.backup', ...KEY])).code, 0);
    const plain = await newUser(t);
    t.equal((await plain.run(['init', '--issuer', 'http://localhost:7300/'])).code, 0);
    t.equal((await plain.run(['serve', '--check'])).code, 0);
    const at = (file: string) => join(home, file);
    t.equal((await plain.run(['db', 'backup', '--to', at('file.backup'), '--key-file', at('backup.key')])).code, 0);
    t.match(await plain.run(['db', 'restore', at('database.backup'), '--to', 'new-data', '--key-file', at('backup.key')]), {
      code: 3,
      stderr: /is of a PostgreSQL database, and the configuration names none/,
    });
    await name(await places.database());
    t.match(await run(['db', 'restore', 'file.backup', '--to', 'new-data', ...KEY, '--owner-url-file', 'owner']), {
      code: 2,
      stderr: /is of a store in a file.*\n.*\n?.*portvakt db copy takes the restored file/,
    });
    t.notOk((await readdir(home)).includes('new-data'));
    await name(database);
  });
}
