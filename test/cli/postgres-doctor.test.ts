import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { parse, stringify } from 'yaml';
import type { Finding } from '../../cli/health-check.ts';
import type { Host } from '../../cli/operator/host.ts';
import { lookAtPast } from '../../cli/operator/host-data.ts';
import { RUNTIME_ROLE } from '../../proving/postgres-places.ts';
import { NOT_HERE } from '../../proving/postgres-programs.ts';
import type { StoreReading } from '../../server/storage/upkeep.ts';
import { postgresPlaces } from '../storage/postgres-place.ts';
import { newUser } from './portvakt.ts';

// Each command is a process of its own.
t.setTimeout(120_000);

if (NOT_HERE) t.pass('PostgreSQL cannot be run here', { skip: NOT_HERE });
else {
  const places = await postgresPlaces(t);
  const { cluster } = places;
  const user = await newUser(t);
  assert.equal((await user.run(['init', '--issuer', 'http://localhost:7300/'])).code, 0);
  const file = join(user.home, 'portvakt.yaml');
  const settings = parse(await readFile(file, 'utf8')) as object;
  const database = await places.database();
  await writeFile(join(user.home, 'url'), cluster.location(database, RUNTIME_ROLE), { mode: 0o600 });
  await writeFile(file, stringify({ ...settings, store: { url_file: 'url' } }));
  assert.equal((await user.run(['serve', '--check'])).code, 0);

  const look = async () => {
    const { stdout, code } = await user.run(['doctor', '--offline', '-o', 'json']);
    const items = JSON.parse(stdout).items as readonly Finding[];
    return { code, items, of: (id: string) => items.filter((finding) => finding.id === id) };
  };
  const sql = (text: string) => cluster.sql<{ n: number }>(`SET search_path = portvakt; ${text}`, database);

  t.test('a host whose store is in PostgreSQL is looked at as one with a file is, and nothing is changed', async (t) => {
    const changes = () => cluster.sql('SELECT sum(n_tup_ins + n_tup_upd + n_tup_del)::int FROM pg_stat_user_tables', database);
    const before = await changes();
    const { code, items, of } = await look();
    t.equal(code, 11, 'a server that has just been made has no operator');
    t.match(of('store'), [{ result: 'ok', detail: /^PostgreSQL, \d+-/ }]);
    t.match(of('signing-keys'), [{ result: 'ok', detail: /RS256 active/ }]);
    const other = items.filter(({ result }) => result !== 'ok').map(({ id, result }) => [id, result]);
    t.same(other, [
      ['backup', 'warning'],
      ['operator', 'problem'],
      ['clock', 'skipped'],
      ['outbound', 'skipped'],
    ]);
    t.same(await changes(), before);
  });

  t.test('PV-SEC-098 by a clock that is not the database’s no key is made or changed, unless in an emergency', async (t) => {
    const keys = () => cluster.sql(`SELECT kid, state FROM portvakt.signing_keys ORDER BY kid`, database);
    const before = await keys();
    const slow = 'const now = Date.now; Date.now = () => now() - 172_800_000';
    const surroundings = { nodeFlags: [`--import=data:text/javascript,${encodeURIComponent(slow)}`] };
    const { code, stderr } = await user.run(['signing-key', 'generate', '--publish'], surroundings);
    t.equal(code, 9);
    t.match(stderr, /clock of this machine is not the database's[\s\S]*NTP/);
    t.same(await keys(), before, 'it would have been published two days ago, and could have signed at once');
    const urgent = ['signing-key', 'retire', 'nobody', '--emergency', '--reason', 'stolen', '--yes'];
    t.match((await user.run(urgent, surroundings)).stderr, /there is no signing key nobody/);
  });

  t.test(
    'what is wrong in the database is found: a key that a node lacks, a replay floor ahead, a migration, the database',
    async (t) => {
      const now = Math.floor(Date.now() / 1000);
      await sql(`UPDATE replay_floor SET issued_from = ${now + 3_600}`);
      t.match((await look()).of('replay-floor'), [{ result: 'problem', detail: /issued before/ }]);
      await sql(`UPDATE signing_keys SET state = 'pending', published = ${now - 60};
      INSERT INTO key_holders VALUES ('p', 'db2:/data', ${now}, '[]')`);
      t.match((await look()).of('signing-keys').at(-1), { result: 'warning', detail: /has not been loaded at db2:\/data/ });
      await sql('DELETE FROM migrations WHERE number = (SELECT max(number) FROM migrations)');
      const behind = await look();
      t.match(behind.of('store'), [{ result: 'problem', detail: /^the database lacks 0/, fix: /db migrate/ }]);
      t.match(behind.of('signing-keys'), [{ result: 'skipped' }]);
      await sql('REVOKE USAGE ON SCHEMA portvakt FROM portvakt');
      t.match((await look()).of('store'), [{ result: 'problem', detail: /refuses this to its role/ }]);
      await cluster.stop();
      t.match((await look()).of('store'), [{ result: 'problem', detail: /cannot be used/ }]);
    },
  );
}

t.test('a clock that is not the database’s is a problem: a server there is not ready', async (t) => {
  const now = Math.floor(Date.now() / 1000);
  const told = (clock: number | undefined) => {
    const store = { lastAudited: undefined, clock: async () => clock } as StoreReading;
    return lookAtPast({ now, inStore: (look) => look(store) } as Host);
  };
  t.match(await told(now + 3_600), { result: 'problem', detail: /not the database's/, fix: /NTP/ });
  for (const clock of [now, undefined]) t.type(await told(clock), 'string');
});
