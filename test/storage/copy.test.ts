import { generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import t, { type Test } from 'tap';
import { OWNER_ROLE, RUNTIME_ROLE } from '../../proving/postgres-places.ts';
import { NOT_HERE } from '../../proving/postgres-programs.ts';
import { AuditVerifier } from '../../server/audit/verify.ts';
import { COPIED_TABLES, OWN_TABLES } from '../../server/storage/copied-tables.ts';
import { copyDatabase, copyFile, digestDatabase, digestFile, openStorage } from '../../server/storage/open.ts';
import { postgresPlaces } from './postgres-place.ts';
import { client, putAll, scope, verdict } from './samples.ts';
import { consent, delegation, source, system, systemUser } from './samples-acting.ts';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');

/** A store in a file with something in every table that samples exist for. */
async function filled(t: Test): Promise<string> {
  const file = join(t.testdir(), 'data', 'portvakt.db');
  const storage = await openStorage(file);
  await storage.transaction(async (changes) => {
    await putAll(changes);
    await changes.delegations.put(delegation);
    await changes.systems.put(system);
    await changes.systemUsers.put(systemUser);
    await changes.consents.put(consent);
    await changes.sources.put(source);
    await changes.firstResults.put({ clientId: 'a', key: 'k', request: 'r', answer: { name: 'Ø' }, created: 1 });
  });
  storage.audit.sealWith({ kid: 'k1', sign: (text) => sign(null, Buffer.from(text), privateKey).toString('base64url') });
  await Promise.all(
    Array.from({ length: 2_100 }, (_, n) => storage.assertions.spend({ clientId: 'a', jti: `${n}` }, n + 1, verdict)),
  );
  await storage.secret('cursor');
  await storage.tokenCounts.add([{ clientId: 'a', consumerOrgno: 'c', scope: 'p:1', tokens: 7, lastToken: 9 }]);
  await storage.close();
  return file;
}

if (NOT_HERE) t.pass('PostgreSQL cannot be run here', { skip: NOT_HERE });
else {
  const places = await postgresPlaces(t);
  const { cluster } = places;
  const counted = async (database: string): Promise<number> =>
    (await cluster.sql<{ n: number }>('SELECT count(*)::int AS n FROM portvakt.organizations', database))[0]?.n ?? 0;

  t.test('a copy has every row of the file, by count and digest, and goes on where the file ended', async (t) => {
    const file = await filled(t);
    const digests = await digestFile(file);
    const database = await places.database();
    t.same(await copyFile(file, cluster.location(database, OWNER_ROLE), {}), digests);
    t.match(
      digests.find(({ table }) => table === 'spent_assertions'),
      { rows: 2_100 },
    );
    const [before, after] = [await openStorage(file), await openStorage(cluster.location(database, RUNTIME_ROLE))];
    t.teardown(() => Promise.all([before.close(), after.close()]));
    t.strictSame(await after.clients.list(), await before.clients.list());
    t.strictSame(await after.clients.find(client.clientId), client);
    t.strictSame(await after.scopes.find(scope.name), scope);
    t.strictSame(await after.delegations.find(delegation.id), delegation);
    t.same(await after.secret('cursor'), await before.secret('cursor'));
    t.same(await after.audit.end(), await before.audit.end());
    t.ok((await after.standing()).version > (await before.standing()).version, 'whoever knew the old one reads anew');
    t.equal(await after.assertions.spend({ clientId: 'a', jti: '7' }, 7, verdict), false, 'what was spent is spent');
    t.equal(await after.assertions.spend({ clientId: 'a', jti: 'new' }, 7, verdict), true);
    const verifier = new AuditVerifier(new Map([['k1', publicKey]]));
    for await (const line of after.audit.lines((await after.audit.end()).sequence)) verifier.take(line);
    t.match(verifier.end((await after.audit.end()).heads), { chains: 2 }, 'the chains hold, and a new one follows');
  });

  t.test('a copy that fails leaves the database empty and the file as it was', async (t) => {
    const file = await filled(t);
    const bytes = readFileSync(file);
    const database = await places.database();
    await cluster.sql(
      `CREATE FUNCTION portvakt.bends() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.tokens := NEW.tokens + 1; RETURN NEW; END $$;
       CREATE TRIGGER bends BEFORE INSERT ON portvakt.token_counts FOR EACH ROW EXECUTE FUNCTION portvakt.bends()`,
      database,
    );
    const owner = cluster.location(database, OWNER_ROLE);
    await t.rejects(copyFile(file, cluster.location(database, RUNTIME_ROLE), {}), {
      name: 'StoreUnusable',
      message: /permission denied for table/,
    });
    await t.rejects(copyFile(file, owner, {}), { name: 'StoreUnusable', message: /token_counts came back otherwise/ });
    t.equal(await counted(database), 0);
    await cluster.sql('DROP TRIGGER bends ON portvakt.token_counts', database);
    await copyFile(file, owner, {});
    await t.rejects(copyFile(file, owner, {}), { name: 'StoreUnusable', message: /is not empty \(organizations\)/ });
    t.equal(await counted(database), 3);
    t.ok(readFileSync(file).equals(bytes));
    const bare = await places.bare();
    await t.rejects(copyFile(file, bare, {}), {
      name: 'StoreUnusable',
      message: /has not the tables of this version: portvakt db migrate/,
    });
    await t.rejects(copyFile(`${file}.not`, bare, {}), { name: 'StoreUnavailable' });
  });

  t.test('the way back has every row of the database, and goes on where it ended', async (t) => {
    const file = await filled(t);
    const database = await places.database();
    const [owner, store] = [cluster.location(database, OWNER_ROLE), cluster.location(database, RUNTIME_ROLE)];
    await copyFile(file, owner, {});
    const before = await openStorage(store);
    await before.assertions.spend({ clientId: 'a', jti: 'in the database' }, 9, verdict);
    await before.assertions.prune(50, 1_000);
    await before.statistics.fold();
    const [end, { version, replayFloor }, secret] = [
      await before.audit.end(),
      await before.standing(),
      await before.secret('cursor'),
    ];
    await t.rejects(copyDatabase(store, {}, `${file}.early`), { message: /a server is connected to the database/ });
    await before.close();
    while (
      (await cluster.sql(`SELECT 1 FROM pg_stat_activity WHERE datname = '${database}' AND application_name = 'portvakt'`)).length
    );
    const back = `${file}.back`;
    t.same(await copyDatabase(store, {}, back), await digestDatabase(store, {}));
    t.same(await digestFile(back), await digestDatabase(store, {}), 'and both are the same');
    t.equal(statSync(back).mode & 0o777, 0o600);
    const after = await openStorage(back);
    t.teardown(() => after.close());
    t.strictSame(await after.clients.find(client.clientId), client);
    t.strictSame(await after.delegations.find(delegation.id), delegation);
    t.same(await after.secret('cursor'), secret);
    t.same(await after.audit.end(), end);
    t.ok((await after.standing()).version > version);
    t.same((await after.standing()).replayFloor, replayFloor, 'what was forgotten is not known, and refused');
    for (const [jti, ends] of [
      ['in the database', 9],
      ['2000', 2_001],
    ] as const)
      t.equal(await after.assertions.spend({ clientId: 'a', jti }, ends, verdict), false);
    t.equal(await after.assertions.spend({ clientId: 'a', jti: 'new' }, 99_999, verdict), true);
    const verifier = new AuditVerifier(new Map([['k1', publicKey]]));
    for await (const line of after.audit.lines((await after.audit.end()).sequence)) verifier.take(line);
    t.match(verifier.end((await after.audit.end()).heads), { chains: 3 });
    const rows = (sql: string) => new Database(back, { readonly: true }).prepare(sql).all();
    t.same(
      rows('SELECT sum(count) AS n FROM statistics_by_month'),
      rows('SELECT sum(count) AS n FROM statistics'),
      'what the file keeps by itself it has made',
    );
    await t.rejects(copyDatabase(await places.bare(), {}, `${file}.none`), { name: 'StoreUnusable' });
  });

  t.test('every table of either store is copied, or is known to be its own', async (t) => {
    const tables = await cluster.sql<{ name: string }>(
      `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'portvakt'`,
      'migrated',
    );
    t.same(
      tables.map(({ name }) => name).filter((name) => !(name in COPIED_TABLES) && !OWN_TABLES.includes(name)),
      [],
    );
  });
}
