import assert from 'node:assert/strict';
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import t, { type Test } from 'tap';
import { leastSkew } from '../../cli/clock-skew.ts';
import type { Finding } from '../../cli/health-check.ts';
import { judgeSpace } from '../../cli/operator/host-data.ts';
import { issue, makeKeyPair, makeTestCa } from '../../fixtures/test-ca.ts';
import { readCertificate } from '../../keys/x509/certificate.ts';
import { sourceKey } from '../../keys/x509/revocation-lists.ts';
import { DAY, HOUR, YEAR } from '../../server/core/time.ts';
import { lockForServer } from '../../server/storage/upkeep.ts';
import { makeList, makeRoot } from '../keys/pki.ts';
import { newUser } from './portvakt.ts';

t.setTimeout(60_000);

const now = Math.floor(Date.now() / 1000);
const user = await newUser(t);
const data = join(user.home, 'portvakt-data');
const database = join(data, 'portvakt.db');
const file = join(user.home, 'portvakt.yaml');

/** How far ahead the clock of the small server goes, in seconds, and what it answers. */
const world = { ahead: 0, status: 200 };
const server = createServer((_request, response: ServerResponse) => {
  response.sendDate = false;
  response.setHeader('date', new Date(Date.now() + world.ahead * 1000).toUTCString());
  response.writeHead(world.status).end();
});
await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
t.teardown(() => server.close());
const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

await writeFile(
  join(user.home, 'world.yaml'),
  'organizations:\n  - { orgno: "310555010", name: Drift, admin_scopes: [portvakt:operator] }\n',
);
const made = await user.run(['init', '--environment', 'test', '--world', 'world.yaml']);
assert.equal(made.code, 0, made.stderr);
const written = await readFile(file, 'utf8');
const CONFIG = written.replace(/^issuer:.*$/m, `issuer: ${address}/`);
assert.notEqual(CONFIG, written);
await writeFile(file, CONFIG);

type Seen = { readonly code: number | null; readonly stderr: string; readonly of: (id: string) => readonly Finding[] };

async function look(...flags: readonly string[]): Promise<Seen> {
  const { code, stdout, stderr } = await user.run(['doctor', '-o', 'json', ...flags]);
  const { items } = stdout === '' ? { items: [] } : JSON.parse(stdout);
  return { code, stderr, of: (id) => items.filter((finding: Finding) => finding.id === id) };
}

/** Changes the store behind everybody's back, and puts back what was there when the test ends. */
async function inStore(t: Test, change: (store: Database.Database) => void): Promise<void> {
  const before = new Database(database);
  const whole = before.serialize();
  try {
    change(before);
  } finally {
    before.close();
  }
  t.teardown(() => restore(whole));
}

async function restore(whole: Buffer): Promise<void> {
  for (const suffix of ['-wal', '-shm']) await rm(`${database}${suffix}`, { force: true });
  await writeFile(database, whole);
}

async function withConfig(t: Test, text: string): Promise<void> {
  await writeFile(file, `${CONFIG}\n${text}\n`);
  t.teardown(() => writeFile(file, CONFIG));
}

t.test('a host on which all is well but the backup that never was: a warning, which fails nothing', async (t) => {
  const { code, stderr, of } = await look('--offline');
  t.equal(code, 0, stderr);
  t.match(of('backup'), [{ result: 'warning', detail: 'there has never been one', fix: /portvakt db backup/ }]);
  t.match(stderr, /! 1 warning in 19 checks/);
  for (const id of [
    'config',
    'data',
    'permissions',
    'store',
    'space',
    'replay-floor',
    'past',
    'signing-keys',
    'audit-key',
    'tls',
  ])
    t.match(of(id), [{ result: 'ok', fix: null }], id);
  for (const id of ['clock', 'outbound']) t.match(of(id), [{ result: 'skipped' }], 'offline nobody is asked');
});

t.test('an older schema is told of and left as it is, and no key that is missing is made', async (t) => {
  await inStore(t, (store) => {
    store.exec('DELETE FROM migrations WHERE number = (SELECT max(number) FROM migrations)');
  });
  const { code, of } = await look('--offline');
  t.match(of('store'), [{ result: 'warning', detail: /schema \d+, which lacks /, fix: /portvakt db migrate/ }]);
  t.match(of('signing-keys'), [{ result: 'skipped', detail: /older schema/ }]);
  t.equal(code, 0);
  const after = new Database(database, { readonly: true });
  const applied = after.prepare('SELECT count(*) FROM migrations').pluck().get();
  after.close();
  t.match(of('store')[0]?.detail, `schema ${applied},`, 'it still lacks it');
});

t.test(
  'a configuration with an unknown field is a problem, what weakens it a warning, and what stands on it is skipped',
  async (t) => {
    await withConfig(t, 'nonsense: 1');
    const broken = await look('--offline');
    t.match([broken.code, ...broken.of('config')], [11, { result: 'problem', detail: /nonsense: is not a field/ }]);
    t.match(broken.of('store'), [{ result: 'skipped', detail: 'it stands on what is broken: configuration' }]);
    await withConfig(t, 'token: { exp_leeway_seconds: 5 }');
    const weak = await look('--offline');
    t.match([weak.code, ...weak.of('config')], [0, { result: 'ok' }, { result: 'warning', detail: /exp_leeway_seconds: 5/ }]);
  },
);

t.test('PV-SEC-095 every file that others can read is told of at once, each with its remedy', async (t) => {
  const [key = ''] = (await look('--offline')).of('signing-keys').map(({ detail }) => detail?.split(' ')[0]);
  const open = [database, join(data, 'keys', `${key}.sealed`), `${data}.master-key`];
  for (const path of open) await chmod(path, 0o644);
  await chmod(join(data, 'audit-keys'), 0o755);
  await chmod(data, 0o750);
  const { code, of } = await look('--offline');
  for (const path of open) await chmod(path, 0o600);
  for (const path of [data, join(data, 'audit-keys')]) await chmod(path, 0o700);
  t.equal(code, 11);
  t.match(of('permissions'), [
    { result: 'problem', detail: /portvakt-data is open to other users$/, fix: /^chmod 700 / },
    { result: 'problem', detail: /portvakt\.db has mode 644$/, fix: 'chmod 600 it' },
    { result: 'problem', detail: /audit-keys is open/, fix: 'chmod 700 it' },
    { result: 'problem', detail: /\.sealed is open/, fix: 'chmod 600 it' },
    { result: 'problem', detail: /master-key is open/, fix: 'chmod 600 it' },
  ]);
});

t.test('a database that is damaged, a data directory that lacks something', async (t) => {
  await inStore(t, () => {});
  const bytes = await readFile(database);
  await writeFile(database, Buffer.concat([bytes.subarray(0, 8192), Buffer.alloc(bytes.length - 8192, 7)]));
  const damaged = await look('--offline');
  t.match([damaged.code, damaged.of('store')[0]?.result], [11, 'problem']);
  await rename(join(data, 'audit-keys'), join(data, 'gone'));
  const lacking = await look('--offline');
  await rename(join(data, 'gone'), join(data, 'audit-keys'));
  t.match(lacking.of('data'), [{ result: 'problem', detail: /there is no audit-keys/, fix: /portvakt db restore/ }]);
  t.match(lacking.of('store'), [{ result: 'skipped' }]);
});

t.test('free space is warned of under 1 GiB or a tenth, and a problem under 100 MiB', (t) => {
  const GIB = 1024 ** 3;
  const result = (free: number, total: number) => {
    const found = judgeSpace({ free, total });
    return typeof found === 'string' ? 'ok' : found.result;
  };
  t.same(
    [result(20 * GIB, 100 * GIB), result(9 * GIB, 100 * GIB), result(0.9 * GIB, 2 * GIB), result(0.09 * GIB, GIB)],
    ['ok', 'warning', 'warning', 'problem'],
  );
  t.end();
});

t.test('a backup of eight days ago, an audit that goes on ahead of the clock', async (t) => {
  await inStore(t, (store) => {
    store.exec(`REPLACE INTO last_backup (id, at, digest) VALUES (1, ${now - 8 * DAY}, '${'a'.repeat(64)}')`);
    store.exec(`DROP TRIGGER audit_forbids_update; UPDATE audit SET at = ${now + HOUR}`);
  });
  const { code, of } = await look('--offline');
  t.match([code, ...of('backup')], [11, { result: 'warning', detail: /8 days ago/ }]);
  t.match(of('past'), [{ result: 'problem', detail: /the audit goes on to/, fix: /NTP/ }]);
});

t.test('PV-SEC-036 a span of forgotten assertions ahead is a warning, a replay floor ahead a problem', async (t) => {
  const span = JSON.stringify([[now + HOUR, now + 2 * HOUR]]);
  await inStore(t, (store) => void store.prepare('UPDATE replay_floor SET forgotten = ?').run(span));
  t.match((await look('--offline')).of('replay-floor'), [{ result: 'warning', detail: /the clock has run ahead/ }]);
  await inStore(t, (store) => void store.exec(`UPDATE replay_floor SET issued_from = ${now + HOUR}`));
  t.match((await look('--offline')).of('replay-floor'), [{ result: 'problem', detail: /issued before/, fix: /NTP/ }]);
});

t.test('signing keys: none that signs, one whose file is gone, one in the clear; a lost key of the audit', async (t) => {
  const keys = join(data, 'keys');
  const [kid = ''] = (await look('--offline')).of('signing-keys').map(({ detail }) => detail?.split(' ')[0]);
  const path = join(keys, `${kid}.sealed`);
  await rename(path, join(user.home, 'away'));
  const gone = await look('--offline');
  t.match(
    [gone.code, gone.of('signing-keys')[1]],
    [11, { result: 'problem', detail: /is missing$/, fix: /restore it from a backup/ }],
  );
  await rename(join(user.home, 'away'), path);
  await rename(`${data}.master-key`, join(user.home, 'master'));
  t.match((await look('--offline')).of('signing-keys')[1], {
    result: 'problem',
    detail: /master-key: the file of a master key is missing/,
  });
  await rename(join(user.home, 'master'), `${data}.master-key`);
  const clear = join(keys, 'clear.pem');
  await writeFile(clear, '', { mode: 0o600 });
  t.match((await look('--offline')).of('signing-keys')[1], { result: 'problem', detail: /1 private key lies in the clear/ });
  await rm(clear);
  await rename(join(data, 'audit-keys'), join(user.home, 'audit-away'));
  await mkdir(join(data, 'audit-keys'), { mode: 0o700 });
  const lost = await look('--offline');
  await rm(join(data, 'audit-keys'), { recursive: true });
  await rename(join(user.home, 'audit-away'), join(data, 'audit-keys'));
  t.match([lost.code, ...lost.of('audit-key')], [0, { result: 'warning', fix: /restore audit-keys/ }]);
  await inStore(t, (store) => {
    store.exec(`UPDATE signing_keys SET state = 'retired', retired = ${now - 30 * DAY}`);
  });
  const still = await look('--offline');
  t.match(still.of('signing-keys'), [
    { result: 'ok' },
    { result: 'problem', detail: 'no key signs RS256: none is active' },
    { result: 'warning', detail: /is due to be removed/ },
  ]);
});

t.test('a published key that a node of those that serve has not loaded', async (t) => {
  const [kid = ''] = (await look('--offline')).of('signing-keys').map(({ detail }) => detail?.split(' ')[0]);
  await inStore(t, (store) => {
    store.exec(`UPDATE signing_keys SET state = 'pending', published = ${now - HOUR}`);
    const says = store.prepare('INSERT INTO key_holders VALUES (?, ?, ?, ?)');
    for (const [place, kids] of [[], [kid]].entries()) says.run(`${place}`, `node-${place}:/data`, now, JSON.stringify(kids));
  });
  const detail = `${kid} has not been loaded at node-0:/data`;
  t.match((await look('--offline')).of('signing-keys').at(-1), { result: 'warning', detail, fix: /copy its file to keys/ });
  await inStore(t, (store) => void store.exec("UPDATE signing_keys SET state = 'active'"));
  t.match((await look('--offline')).of('signing-keys').at(-1), { result: 'problem', detail }, 'it answers 503');
});

t.test('a source whose key the configuration does not name', async (t) => {
  await inStore(t, (store) => addSource(store, `${address}/altinn`));
  const { of } = await look();
  t.match(of('source-keys'), [{ result: 'problem', detail: /signs with altinn-key/, fix: /source_keys/ }]);
  t.match(of('outbound'), [{ result: 'ok', detail: `source ${address}/altinn: answers 200` }]);
});

function addSource(store: Database.Database, baseUrl: string): void {
  const settings = { baseUrl, clientId: 'c', keyName: 'altinn-key', cacheSeconds: 0, timeoutMs: 1000 };
  store
    .prepare("INSERT INTO sources VALUES ('altinn', 'https://altinn.example/', 1, 'altinn', ?, ?, ?)")
    .run(JSON.stringify(settings), now, now);
}

t.test(
  'a trusted CA: whose lists are missing, that nobody tells of, that ends or has ended; its addresses are asked',
  async (t) => {
    const other = await newUser(t);
    const yaml = join(other.home, 'portvakt.yaml');
    const lookThere = async (...flags: readonly string[]) => {
      const { code, stdout, stderr } = await other.run(['doctor', '-o', 'json', '--config', yaml, ...flags]);
      const { items } = stdout === '' ? { items: [] } : JSON.parse(stdout);
      return { code, stderr, of: (id: string): readonly Finding[] => items.filter((finding: Finding) => finding.id === id) };
    };
    const ca = await makeTestCa({ now });
    await writeFile(join(other.home, 'root.pem'), ca.root.certificate.pem);
    const operator = 'organizations:\n  - { orgno: "310555010", name: Drift, admin_scopes: [portvakt:operator] }\n';
    const trusted = `trust:
  - { file: root.pem, role: anchor, revocation: require, crl_urls: ["${address}/a.crl"] }
`;
    await writeFile(join(other.home, 'world.yaml'), `${operator}${trusted}`);
    const made = await other.run(['init', '--environment', 'test', '--world', 'world.yaml']);
    t.equal(made.code, 0, made.stderr);
    const text = (await readFile(yaml, 'utf8')).replace(/^issuer:.*$/m, `issuer: ${address}/`);
    await writeFile(yaml, text);

    t.match((await lookThere()).of('outbound'), [{ result: 'problem', detail: /an address of a private network/ }]);
    await writeFile(yaml, `${text}\ncertificates: { allow_private_addresses: true }\n`);
    const missing = await lookThere();
    t.match([missing.code, ...missing.of('lists')], [11, { result: 'problem', detail: /missing, it has not been fetched/ }]);
    t.match(missing.of('outbound'), [{ result: 'ok', detail: `revocation list ${address}/a.crl: answers 200` }]);
    t.match(missing.of('clock'), [{ result: 'ok', detail: /^0 s apart/ }]);

    for (const [ahead, result] of [
      [-5, 'warning'],
      [6, 'warning'],
      [60, 'problem'],
      [-3600, 'problem'],
    ] as const) {
      world.ahead = ahead;
      t.match((await lookThere()).of('clock'), [{ result, fix: /NTP/ }], `${ahead} s`);
    }
    world.ahead = 0;
    world.status = 404;
    t.match((await lookThere()).of('outbound'), [{ result: 'problem', detail: /answers 404/ }]);
    world.status = 200;

    const store = new Database(join(other.home, 'portvakt-data', 'portvakt.db'));
    t.teardown(() => store.close());
    store.exec('UPDATE trust_entries SET crl_urls = \'["http://127.0.0.1:1/a.crl"]\'');
    t.match((await lookThere()).of('outbound'), [{ result: 'problem', detail: /nothing listens there/, fix: /firewall/ }]);

    const root = makeRoot('root', { notBefore: now - DAY, notAfter: now + YEAR });
    const url = `${address}/a.crl`;
    store
      .prepare('UPDATE trust_entries SET certificate = ?, crl_urls = ?')
      .run(root.der.toString('base64'), JSON.stringify([url]));
    const kept = join(other.home, 'portvakt-data', 'revocation');
    await mkdir(kept, { mode: 0o700 });
    const list = join(kept, `${sourceKey({ issuer: readCertificate(root.der), url })}.crl`);
    for (const [content, result, detail] of [
      [makeList(root, { thisUpdate: now - DAY, nextUpdate: now + DAY }), 'ok', /0 revoked, fresh until/],
      [makeList(root, { thisUpdate: now - 2 * DAY, nextUpdate: now - DAY }), 'problem', /it has ended, at/],
      [Buffer.from('nothing'), 'problem', /cannot be used/],
    ] as const) {
      await writeFile(list, content);
      t.match((await lookThere('--offline')).of('lists'), [{ result, detail }]);
    }

    store.exec('UPDATE trust_entries SET crl_urls = NULL');
    t.match((await lookThere('--offline')).of('trust')[1], { result: 'problem', detail: /accepts nobody/, fix: /--crl URL/ });
    store.exec("UPDATE trust_entries SET revocation = 'off'");
    t.match((await lookThere('--offline')).of('trust')[1], { result: 'warning', detail: /neither list nor responder/ });
    for (const [ends, result] of [
      [now + 60 * DAY, 'warning'],
      [now - DAY, 'problem'],
    ] as const) {
      const { root } = await makeTestCa({ now: ends - 7 * YEAR });
      store.prepare('UPDATE trust_entries SET certificate = ?').run(root.certificate.der.toString('base64'));
      t.match((await lookThere('--offline')).of('trust')[1], {
        result,
        detail: result === 'warning' ? /ends in \d+ days/ : /has ended/,
      });
    }
  },
);

t.test('TLS: a chain that ends within 30 days, one that has ended, one for another host', async (t) => {
  const { issuing } = await makeTestCa({ now });
  const pair = await makeKeyPair();
  await writeFile(join(user.home, 'tls.key'), pair.privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  const ended = async (host: string, days: number) => {
    const { pem } = issue(issuing, {
      subject: [{ type: '2.5.4.3', value: host }],
      publicKey: pair.publicKey,
      notBefore: now - 90 * DAY,
      notAfter: now + days * DAY,
      extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: host }] }],
    });
    await writeFile(join(user.home, 'tls.pem'), pem);
    const [found] = (await look('--offline')).of('tls');
    return found;
  };
  const https = CONFIG.replace(/^issuer:.*$/m, 'issuer: https://token.example.no/');
  await writeFile(file, `${https}\ntls: { certificate: tls.pem, key: tls.key }\n`);
  t.teardown(() => writeFile(file, CONFIG));
  t.match(await ended('token.example.no', 60), { result: 'ok', detail: /1 in the chain, for token\.example\.no/ });
  t.match(await ended('token.example.no', 20), { result: 'warning', detail: /ends in \d+ days/, fix: /kill -HUP/ });
  t.match(await ended('token.example.no', -1), { result: 'problem', detail: /has ended/ });
  t.match(await ended('other.example.no', 60), { result: 'problem', detail: /is not for token\.example\.no/ });
  await chmod(join(user.home, 'tls.key'), 0o640);
  t.match((await look('--offline')).of('permissions'), [{ result: 'problem', detail: /tls\.key is open/ }]);
});

t.test('whether a server has the data directory, and is ready', async (t) => {
  t.match((await look('--offline')).of('serving'), [{ result: 'ok', detail: /^none runs/ }]);
  await withConfig(t, 'operations: { listen: off }');
  const release = lockForServer(data);
  t.teardown(release);
  t.match((await look()).of('serving'), [{ result: 'ok', detail: /and is ready/ }]);
  world.status = 503;
  const unready = await look();
  world.status = 200;
  t.match([unready.code, ...unready.of('serving')], [11, { result: 'problem', detail: /not ready: \S+ answers 503/ }]);
});

t.test('RFC 9110 §6.6.1 a clock is only called wrong by what the whole seconds and the round trip leave no doubt of', (t) => {
  const sent = Date.parse('2026-01-01T00:00:00.000Z');
  const date = (seconds: number) => new Date(sent + seconds * 1000).toUTCString();
  const skew = (seconds: number, took: number, age?: string) =>
    leastSkew({ date: date(seconds), sent, received: sent + took, ...(age !== undefined && { age }) });
  t.same([skew(0, 100), skew(-1, 100), skew(2, 3000), skew(20, 3000)], [0, 0, 0, 17]);
  t.same([skew(-11, 100), skew(-60, 100, '60'), skew(-60, 100, 'x')], [-10, 0, -59]);
  t.equal(leastSkew({ date: 'yesterday', sent, received: sent }), undefined);
  t.end();
});
