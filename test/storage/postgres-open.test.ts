import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as pause } from 'node:timers/promises';
import t from 'tap';
import { freePort } from '../../proving/data-directory.ts';
import { OWNER_ROLE, RUNTIME_ROLE } from '../../proving/postgres-places.ts';
import { give, NOT_HERE } from '../../proving/postgres-programs.ts';
import { selfSigned } from '../../proving/self-signed.ts';
import { recordHash } from '../../server/audit/chain.ts';
import type { AuditLine } from '../../server/core/audit.ts';
import { StoreUnavailable } from '../../server/core/ports.ts';
import { migrateStorage, openStorage, StoreUnusable, schemaStatus } from '../../server/storage/open.ts';
import { MIGRATIONS } from '../../server/storage/postgres/migrate.ts';
import { postgresPlaces } from './postgres-place.ts';
import { verdict } from './samples.ts';

t.test(
  'PV-SEC-119 a location that would not verify the server, or says what nobody knows, is refused without being repeated',
  async (t) => {
    for (const [location, why] of [
      ['postgres://u:secret@db.example.no/d?sslmode=disable', /sslmode=disable is for this machine alone/],
      ['postgres://u:secret@db.example.no/d?sslmode=require', /sslmode=require does not verify the server/],
      ['postgres://u:secret@db.example.no/d?sslmode=verify-ca', /does not verify the server/],
      ['postgres://u:secret@db.example.no/d?sslmode=prefer', /does not verify the server/],
      ['postgres://u:secret@db.example.no/d?connect_timeout=0', /the parameter connect_timeout/],
      ['postgres://u:secret@db.example.no/', /no database/],
      ['postgres://db.example.no/d', /no user/],
      ['postgres:///d?user=u', /no host/],
      ['postgres:///d?user=u&host=/run&sslmode=verify-full', /it names a socket/],
      ['postgres://u:%zz@db.example.no/d', /begins no escape/],
      ['postgres://u@[db/d', /no URL/],
      ['postgres://u@db.example.no/d?sslrootcert=/nowhere/ca.pem', /CA file \/nowhere\/ca.pem cannot be read/],
    ] as const) {
      const error = await openStorage(location).catch((error: unknown) => error);
      t.ok(
        error instanceof StoreUnusable && why.test(error.message) && !error.message.includes('secret'),
        `${location}: ${error}`,
      );
    }
  },
);

if (!NOT_HERE) {
  const places = await postgresPlaces(t);
  const { cluster } = places;

  t.test(
    'PV-SEC-121 a database without tables, of an older or a newer version, or of other migrations, is refused',
    async (t) => {
      const database = await places.database();
      const location = cluster.location(database, RUNTIME_ROLE);
      const last = MIGRATIONS.at(-1);
      for (const [sql, message] of [
        [
          `DELETE FROM portvakt.migrations WHERE number = ${last?.number}`,
          /stands at migration \d+, and this version needs \d+: run portvakt db migrate/,
        ],
        [`INSERT INTO portvakt.migrations VALUES (${last?.number}, '${last?.name}', 'x', 0)`, /applied with another text/],
        [
          `UPDATE portvakt.migrations SET checksum = '${last?.checksum}' WHERE number = ${last?.number}; INSERT INTO portvakt.migrations VALUES (${MIGRATIONS.length + 1}, 'later.sql', 'x', 0)`,
          /newer than this version \(later.sql\)/,
        ],
        ['DROP SCHEMA portvakt CASCADE', /has no tables that this role may use: run portvakt db migrate/],
      ] as const) {
        await cluster.sql(sql, database);
        await t.rejects(openStorage(location), { name: 'StoreUnusable', message }, sql);
      }
      const [name] = await migrateStorage(cluster.location(database, OWNER_ROLE));
      t.equal(name, MIGRATIONS[0]?.name);
      await t.rejects(
        openStorage(location),
        { name: 'StoreUnusable', message: /no tables that this role may use/ },
        'before the role was given its privileges',
      );
      t.same(
        await migrateStorage(cluster.location(database, OWNER_ROLE), { runtimeRole: RUNTIME_ROLE }),
        [],
        'a second time nothing is left',
      );
      await (await openStorage(location)).close();
    },
  );

  t.test('PV-SEC-121 a migration that fails leaves the database as it was before it, and is done the next time', async (t) => {
    const location = await places.bare();
    const database = /([^/]+)\?/.exec(location)?.[1] ?? '';
    await cluster.sql(`CREATE SCHEMA portvakt AUTHORIZATION ${OWNER_ROLE}; CREATE TABLE portvakt.consents ()`, database);
    await t.rejects(migrateStorage(location), { code: '42P07' });
    const applied = await cluster.sql<{ n: number }>('SELECT count(*)::int AS n FROM portvakt.migrations', database);
    t.same(applied, [{ n: 3 }], 'those before it');
    t.same(await cluster.sql(`SELECT 1 FROM pg_tables WHERE tablename = 'systems'`, database), []);
    await cluster.sql('DROP TABLE portvakt.consents', database);
    t.equal((await migrateStorage(location)).length, MIGRATIONS.length - 3);
  });

  t.test(
    'PV-SEC-119 a role that may not bring up the schema, or that the servers cannot run as, is refused in so many words',
    async (t) => {
      const location = await places.bare();
      const database = /([^/]+)\?/.exec(location)?.[1] ?? '';
      const runtime = cluster.location(database, RUNTIME_ROLE);
      const refused = (work: Promise<unknown>, message: RegExp) => t.rejects(work, { name: 'StoreUnusable', message });
      await refused(migrateStorage(runtime), /permission denied for database/);
      await refused(migrateStorage(location, { runtimeRole: OWNER_ROLE }), /the servers run as another role than the owner/);
      t.same((await schemaStatus(location)).applied, [], 'before anything was applied');
      await refused(migrateStorage(location, { runtimeRole: 'nobody' }), /role "nobody" does not exist/);
      await refused(schemaStatus(runtime), /permission denied for schema/);
    },
  );

  t.test(
    'PV-SEC-119 the role that servers run as makes, changes and drops no table, and never rewrites the audit (PV-SEC-106)',
    async (t) => {
      const database = await places.database();
      const storage = await openStorage(cluster.location(database, RUNTIME_ROLE));
      t.teardown(() => storage.close());
      await storage.audit.append(verdict);
      for (const sql of [
        'CREATE TABLE portvakt.mine (id int)',
        'CREATE TABLE public.mine (id int)',
        'CREATE SCHEMA mine',
        'ALTER TABLE audit ADD COLUMN mine int',
        'DROP TABLE audit',
        'DROP TRIGGER audit_forbids_delete ON audit',
        'TRUNCATE audit',
        'UPDATE audit SET at = 0',
        'DELETE FROM audit',
        'UPDATE audit_checkpoints SET at = 0',
        'DELETE FROM audit_checkpoints',
        'DELETE FROM audit_chains',
        'UPDATE secrets SET value = value',
        'DELETE FROM secrets',
        'UPDATE migrations SET number = 0',
        'CREATE OR REPLACE FUNCTION audit_forbids() RETURNS trigger LANGUAGE sql AS $$ SELECT NULL $$',
      ])
        await t.rejects(
          cluster.sql(`SET ROLE ${RUNTIME_ROLE}; SET search_path = portvakt; ${sql}`, database),
          /permission denied|must be owner|append-only/,
          sql,
        );
      for (const sql of [
        'UPDATE audit SET at = 0',
        'DELETE FROM audit',
        'TRUNCATE audit',
        'UPDATE audit_pruned SET sequence = 1',
      ])
        await t.rejects(
          cluster.sql(`SET ROLE ${OWNER_ROLE}; SET search_path = portvakt; ${sql}`, database),
          /append-only|pruned to a whole checkpoint/,
          `its owner: ${sql}`,
        );
    },
  );

  t.test('PV-SEC-106 the database hashes what the program would, whatever the texts hold', async (t) => {
    const storage = await openStorage(await places.location());
    t.teardown(() => storage.close());
    const all = Array.from({ length: 0x250 }, (_, code) => String.fromCharCode(code + 1)).join('');
    const odd = `${all}\u2028\u2029\uFEFF😀"\\/`;
    await storage.audit.append({
      ...verdict,
      type: odd,
      correlationId: odd,
      clientId: odd,
      orgno: odd,
      details: { [odd]: odd, nul: '\0' },
    });
    await storage.audit.append({ type: '', at: -1, correlationId: '', clientId: '', orgno: '', details: {} });
    await storage.audit.append({ type: 'x', at: 9_007_199_254_740_991, correlationId: 'y', details: { n: 1e21, f: 0.1 } });
    const lines: AuditLine[] = [];
    for await (const line of storage.audit.lines(3)) lines.push(line);
    t.equal(lines.length, 3);
    for (const line of lines) if ('hash' in line) t.equal(recordHash(line), line.hash);
    await t.rejects(storage.audit.append({ ...verdict, clientId: '\0' }), TypeError);
    t.equal(await storage.clients.find('a\0'), undefined, 'what no text of the database can hold is not there');
  });

  t.test('questions that are asked at once in one transaction are sent one after the other, as the driver demands', async (t) => {
    const warned: string[] = [];
    const hear = ({ message }: Error) => void warned.push(message);
    process.on('warning', hear);
    t.teardown(() => process.off('warning', hear));
    const storage = await openStorage(await places.location());
    t.teardown(() => storage.close());
    const found = await storage.transaction(({ clients, organizations, scopes }) =>
      Promise.all([clients.find('a'), organizations.find('b'), scopes.find('c')]),
    );
    t.same(found, [undefined, undefined, undefined]);
    await pause();
    t.same(warned, []);
  });

  t.test('PV-SEC-115 a server by whose settings a commit does not last is refused', async (t) => {
    const location = await places.location();
    await cluster.stop();
    await cluster.start({ fsync: 'off' });
    await t.rejects(openStorage(location), {
      name: 'StoreUnusable',
      message: 'the database holds fsync = off where on is needed',
    });
    await cluster.stop();
    await cluster.start({ synchronous_commit: 'off', default_transaction_isolation: 'serializable' });
    const storage = await openStorage(location);
    t.pass('what sessions may set is set by them');
    await storage.close();
    await cluster.stop();
    await cluster.start();
  });

  t.test('PV-SEC-119 beyond the machine the server is verified: by its CA and by its name', async (t) => {
    const [{ certificate, key }, { certificate: strange }] = [selfSigned('localhost'), selfSigned('localhost')];
    const [certificateFile, keyFile] = [join(cluster.folder, 'server.pem'), join(cluster.folder, 'server.key')];
    writeFileSync(certificateFile, certificate);
    writeFileSync(keyFile, key, { mode: 0o600 });
    for (const file of [certificateFile, keyFile]) give(file);
    const folder = t.testdir({ 'ca.pem': certificate, 'strange.pem': strange, password: 'unused\n' });
    const port = await freePort();
    const database = await places.database();
    await cluster.stop();
    await cluster.start({
      listen_addresses: '127.0.0.1',
      port,
      ssl: 'on',
      ssl_cert_file: certificateFile,
      ssl_key_file: keyFile,
    });
    const location = (host: string, ca: string) =>
      `postgres://${RUNTIME_ROLE}@${host}:${port}/${database}?sslmode=verify-full&sslrootcert=${join(folder, ca)}`;
    const storage = await openStorage(location('localhost', 'ca.pem'));
    await storage.close();
    for (const [where, what] of [
      [location('localhost', 'strange.pem'), 'another CA'],
      [location('127.0.0.1', 'ca.pem'), 'another name'],
    ] as const)
      await t.rejects(openStorage(where), StoreUnavailable, what);
    await cluster.stop();
    await cluster.start({ listen_addresses: '127.0.0.1', port });
    await t.rejects(
      openStorage(location('localhost', 'ca.pem')),
      { name: 'StoreUnavailable', message: /does not support SSL/ },
      'a server without TLS',
    );
  });
}
