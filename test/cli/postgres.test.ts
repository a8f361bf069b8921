import { chmod, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { parse, stringify } from 'yaml';
import { RUNTIME_ROLE } from '../../proving/postgres-places.ts';
import { NOT_HERE } from '../../proving/postgres-programs.ts';
import { lockForServer } from '../../server/storage/upkeep.ts';
import { postgresPlaces } from '../storage/postgres-place.ts';
import { newUser } from './portvakt.ts';

// Each command is a process of its own.
t.setTimeout(120_000);

if (NOT_HERE) t.pass('PostgreSQL cannot be run here', { skip: NOT_HERE });
else {
  const places = await postgresPlaces(t);

  t.test(
    'a PostgreSQL database is made by its owner, and then serves; secrets come as files (PV-SEC-096, PV-SEC-119)',
    async (t) => {
      const user = await newUser(t);
      t.equal((await user.run(['init', '--issuer', 'http://localhost:7300/'])).code, 0);
      const own = async (verb: string) => JSON.parse((await user.run(['db', verb, '-o', 'json'])).stdout);
      t.match(await own('status'), { integrity: 'ok', pending: [] }, 'a file is looked after as before');
      t.match(await own('migrate'), { applied: [] });

      const owner = await places.bare();
      const database = /([^/]+)\?/.exec(owner)?.[1] ?? '';
      const config = join(user.home, 'portvakt.yaml');
      const settings = parse(await readFile(config, 'utf8')) as object;
      const configure = (store: object): Promise<void> => writeFile(config, stringify({ ...settings, store }));
      await writeFile(join(user.home, 'url'), `${places.cluster.location(database, RUNTIME_ROLE)}\n`, { mode: 0o600 });
      await writeFile(join(user.home, 'owner'), `${owner}\n`, { mode: 0o600 });
      await configure({ url_file: 'url' });
      const check = () => user.run(['serve', '--check']);
      const refused = await check();
      t.match(refused, { code: 11, stderr: /run portvakt db migrate as the owner/ });
      t.notOk(refused.stderr.includes(places.cluster.folder), 'the URL is a secret');

      t.match(await user.run(['db', 'migrate']), { code: 2, stderr: /its owner's to change/ });
      await places.cluster.sql(`ALTER DATABASE ${database} SET statement_timeout = 1`);
      const migrate = () => user.run(['db', 'migrate', '--owner-url-file', 'owner', '-o', 'json']);
      t.match(
        await user.run(['db', 'migrate', '--owner-url-file', 'owner', '--backup', 'before.backup']),
        { code: 2, stderr: /is backed up by the version that runs on it/ },
        'and does nothing rather than leave a backup out',
      );
      t.match(await user.run(['db', 'status', '-o', 'json']), { code: 0, stdout: /"current": ?false/ });
      const made = await migrate();
      t.equal(made.code, 0, made.stderr);
      t.match(JSON.parse(made.stdout), { role: RUNTIME_ROLE, applied: [/^001-/] });
      t.match(JSON.parse((await migrate()).stdout), { applied: [] }, 'once more, nothing is left');
      const status = JSON.parse((await user.run(['db', 'status', '-o', 'json'])).stdout);
      t.match(status, { current: true, pending: [] });
      t.match(JSON.parse((await user.run(['db', 'copy', '--dry-run', '-o', 'json'])).stdout), { dry_run: true });
      const unlock = lockForServer(join(user.home, 'portvakt-data'));
      t.match(await user.run(['db', 'copy', '--owner-url-file', 'owner']), { code: 7, stderr: /a server runs on/ });
      unlock();
      await places.cluster.sql(`REVOKE USAGE ON SCHEMA portvakt FROM ${RUNTIME_ROLE}`, database);
      t.match(
        await user.run(['db', 'copy', '--owner-url-file', 'owner']),
        { code: 11, stderr: /run portvakt db migrate/ },
        'nothing is copied that could not be recorded',
      );
      await places.cluster.sql(`GRANT USAGE ON SCHEMA portvakt TO ${RUNTIME_ROLE}`, database);
      const copied = await user.run(['db', 'copy', '--owner-url-file', 'owner', '-o', 'json']);
      t.equal(copied.code, 0, copied.stderr);
      t.ok(JSON.parse(copied.stdout).rows > 0);
      t.match(await user.run(['db', 'copy', '--owner-url-file', 'owner']), { code: 11, stderr: /is not empty/ });

      const back = (...flags: readonly string[]) => user.run(['db', 'copy', '--to-file', ...flags, '-o', 'json']);
      const file = join(user.home, 'portvakt-data', 'portvakt.db');
      t.match(await back('--owner-url-file', 'owner'), { code: 2 });
      t.match(await back(), { code: 7, stderr: /portvakt.db is there already/ });
      await rename(file, `${file}.before`);
      t.match(await back(), { code: 7, stderr: /portvakt.db-wal is there already/ }, 'it would be taken for its log');
      for (const suffix of ['-wal', '-shm']) await rename(`${file}${suffix}`, `${file}.before${suffix}`);
      const there = JSON.parse((await back('--dry-run')).stdout);
      t.match(there, { dry_run: true, rows: JSON.parse(copied.stdout).rows + 2 }, 'its record, and a chain for it');
      await writeFile(`${file}.copying`, 'cut off', { mode: 0o600 });
      t.match(await user.run(['serve', '--check']), {
        code: 11,
        stderr: /the copy to .* has not ended: portvakt db copy --to-file/,
      });
      await places.cluster.sql(`REVOKE SELECT ON portvakt.audit_keys FROM ${RUNTIME_ROLE}`, database);
      t.match(await back(), { code: 11 }, 'in the middle');
      t.same(
        (await readdir(join(user.home, 'portvakt-data'))).filter((name) => /^portvakt\.db(?!\.before)/.test(name)),
        [],
      );
      await places.cluster.sql(`GRANT SELECT ON portvakt.audit_keys TO ${RUNTIME_ROLE}`, database);
      const returned = await back();
      t.equal(returned.code, 0, returned.stderr);
      t.same(JSON.parse(returned.stdout).tables, there.tables);
      await writeFile(config, stringify(settings));
      const onFile = await user.run(['serve', '--check']);
      t.equal(onFile.code, 0, onFile.stderr);
      t.match(await own('status'), { integrity: 'ok', pending: [] });
      await configure({ url_file: 'url' });
      const failedOver = JSON.parse((await user.run(['db', 'failed-over', '-o', 'json', '--utc'])).stdout);
      t.match(
        JSON.parse((await user.run(['db', 'status', '-o', 'json', '--utc'])).stdout),
        {
          ...{ replay_floor: { issued_from: failedOver.issued_from, forgotten: [] }, last_backup: null },
          ...{ bytes: Number, spent_assertions: 0, audit: { last_sequence: Number } },
        },
        'and the status tells of it',
      );
      const [floor] = await places.cluster.sql<{ at: number }>(
        'SELECT issued_from::int AS at FROM portvakt.replay_floor',
        database,
      );
      t.equal(Date.parse(failedOver.issued_from) / 1000, floor?.at, 'PV-SEC-036 what was issued before is refused');
      t.ok((floor?.at ?? 0) >= Date.now() / 1000 - 60 + 10, 'also by a clock ten seconds ahead');
      const judged = await check();
      t.equal(judged.code, 0, judged.stderr);

      await chmod(join(user.home, 'url'), 0o644);
      t.match(await check(), { code: 3, stderr: /store.url_file: .*url is open to other users: chmod 600 it/ });
      await configure({ url: 'postgres://portvakt:secret@db.example.no/portvakt' });
      t.match(await check(), { code: 3, stderr: /store.url: must be postgres:\/\/USER@HOST\/DATABASE, without a password/ });
      await configure({ connections: 3 });
      t.match(await check(), { code: 3, stderr: /store: must have url or url_file/ });
    },
  );
}
