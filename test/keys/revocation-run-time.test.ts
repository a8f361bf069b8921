import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { download, NotFetched } from '../../keys/x509/download.ts';
import { ListKeeper } from '../../keys/x509/list-keeper.ts';
import { attempt, Refusal, type Rule } from '../../keys/x509/refusal.ts';
import { RevocationLists } from '../../keys/x509/revocation-lists.ts';
import { createCertificates } from '../../keys/x509/trust.ts';
import type { RevocationPolicy, TrustEntry } from '../../server/core/ports.ts';
import { tlv } from './encode.ts';
import { crlNumber, DAY, entry, key, makeLeaf, makeList, NOW, ORGANIZATION, revokedEntry } from './pki.ts';
import { issuing, root } from './refuses.ts';

/** Revocation while the server runs: lists from the network, through the disk, to the next verdict. Security reference §3 */

const HOUR = 3600;
const serial = Buffer.from([0x5e, 0x71]);
const leaf = makeLeaf(issuing, { serialNumber: tlv(0x02, serial) });
const naming = { revoked: [revokedEntry(serial)] };

/** A web server whose answers a test can change. */
async function web(t: Test, answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

type Scene = {
  /** What the web server gives, by path. */
  readonly files: Record<string, Buffer>;
  readonly directory: string;
  readonly warnings: string[];
  readonly clock: { now(): number; at: number };
  readonly keeper: () => { keeper: ListKeeper; outcome: () => Promise<string> };
};

async function scene(t: Test, policy: RevocationPolicy = 'require'): Promise<Scene> {
  const files: Record<string, Buffer> = { '/root.crl': makeList(root), '/issuing.crl': makeList(issuing) };
  const address = await web(t, (request, response) => {
    const body = files[request.url ?? ''];
    response.writeHead(body ? 200 : 404).end(body);
  });
  const entries: readonly TrustEntry[] = [
    entry('anchor', root.der, { revocation: policy, crlUrls: [`${address}/root.crl`] }),
    entry('intermediate', issuing.der, { crlUrls: [`${address}/issuing.crl`] }),
  ];
  const clock = { at: NOW, now: () => clock.at };
  const warnings: string[] = [];
  const warn = (_: string, fields?: { detail?: string }) => void warnings.push(fields?.detail ?? '');
  const log = { info: () => {}, warn, error: () => {} };
  const directory = join(t.testdir(), 'crl');
  const keeper = () => {
    const lists = new RevocationLists();
    const certificates = createCertificates(entries, { environment: 'test', lists });
    const made = new ListKeeper(lists, { directory, clock, every: () => () => {}, log, allowPrivate: true });
    t.teardown(() => made.close());
    const outcome = () =>
      certificates.judge([leaf], clock.at).then(
        ({ organization }) => organization,
        (error) => String(error.circumstances?.detail).split(':')[0] ?? '',
      );
    return { keeper: made, outcome };
  };
  return { files, directory, warnings, clock, keeper };
}

t.test('security §3 require: nothing is accepted until a fresh list of every issuer is there', async (t) => {
  const { keeper: make, warnings } = await scene(t);
  const { keeper, outcome } = make();
  t.equal(await outcome(), 'revocation');
  await keeper.start();
  await keeper.look();
  t.equal(await outcome(), ORGANIZATION, 'and the refusal that was kept is forgotten with the new list');
  t.same(warnings, []);
});

t.test('PV-SEC-057 a certificate that was accepted is refused as soon as a list that names it is there', async (t) => {
  const { keeper: make, files, clock } = await scene(t);
  const [one, other] = [make(), make()];
  for (const { keeper } of [one, other]) await keeper.start().then(() => keeper.look());
  t.equal(await one.outcome(), ORGANIZATION);
  t.equal(await other.outcome(), ORGANIZATION);
  files['/issuing.crl'] = makeList(issuing, { number: 2, ...naming });
  clock.at += HOUR / 4;
  await one.keeper.look();
  t.equal(await one.outcome(), 'revoked');
  files['/issuing.crl'] = Buffer.alloc(0);
  await other.keeper.look();
  t.equal(await other.outcome(), 'revoked', 'another process takes it from the disk at its next look');
});

t.test('PV-SEC-054 a list that is too long to be read at once is read aside, and counts as any other', async (t) => {
  const { keeper: make, files, clock } = await scene(t);
  const others = Array.from({ length: 3000 }, (_, n) => revokedEntry(Buffer.from(`7${n.toString(16).padStart(7, '0')}`, 'hex')));
  files['/issuing.crl'] = makeList(issuing, { revoked: others });
  const { keeper, outcome } = make();
  await keeper.start();
  await keeper.look();
  t.equal(await outcome(), ORGANIZATION);
  files['/issuing.crl'] = makeList(issuing, { number: 2, revoked: [...others, ...naming.revoked] });
  t.ok(files['/issuing.crl'].length > 65_536);
  clock.at += HOUR / 4;
  await keeper.look();
  t.equal(await outcome(), 'revoked');
  const forged = Buffer.from(files['/issuing.crl']);
  forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
  files['/issuing.crl'] = forged;
  clock.at += HOUR / 4;
  await keeper.look();
  t.equal(await outcome(), 'revoked', 'one that nobody signed replaces none');
});

t.test('PV-SEC-053 lists are kept on the disk, and verified again when they are read from there', async (t) => {
  const { keeper: make, directory, files } = await scene(t);
  const first = make();
  await first.keeper.start();
  await first.keeper.look();
  await first.keeper.close();
  for (const path of Object.keys(files)) delete files[path];
  const second = make();
  await second.keeper.start();
  t.equal(await second.outcome(), ORGANIZATION, 'nothing has to be fetched at the next start');
  await second.keeper.close();
  for (const name of await readdir(directory)) {
    const file = join(directory, name);
    const forged = await readFile(file);
    forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
    await writeFile(file, forged);
  }
  const third = make();
  await third.keeper.start();
  t.equal(await third.outcome(), 'revocation');
});

const rejected: readonly [sentence: string, rule: Rule, list: () => Buffer][] = [
  ['with a lower number', 'crl_number', () => makeList(issuing, { number: 4 })],
  ['of another signer', 'crl_issuer', () => makeList(issuing, { number: 6, signer: key('forger'), extensions: [crlNumber(6)] })],
  ['of a sibling', 'crl_issuer', () => makeList(root, { number: 6 })],
  ['that is cut off', 'der', () => makeList(issuing, { number: 6 }).subarray(0, -1)],
  ['that has not begun', 'crl_not_fresh', () => makeList(issuing, { number: 6, thisUpdate: NOW + DAY })],
];
for (const [sentence, rule, list] of rejected) {
  t.test(`PV-SEC-053 a list ${sentence} replaces none, by ${rule}, and the log says so`, async (t) => {
    const { keeper: make, files, clock, warnings, directory } = await scene(t);
    files['/issuing.crl'] = makeList(issuing, { number: 5, ...naming });
    const { keeper, outcome } = make();
    await keeper.start();
    await keeper.look();
    files['/issuing.crl'] = list();
    clock.at += HOUR / 4;
    await keeper.look();
    t.equal(await outcome(), 'revoked', 'the list before it still counts');
    t.match(warnings.at(-1), new RegExp(`^127.0.0.1:\\d+: ${rule}: `));
    t.equal(warnings.length, 1);
    t.same(
      (await readdir(directory)).filter((name) => !name.endsWith('.crl')),
      [],
      'nothing half-done is left',
    );
  });
}

const ended: readonly [policy: RevocationPolicy, after: number, expected: string][] = [
  ['require', DAY - 1, ORGANIZATION],
  ['require', DAY, 'revocation'],
  ['grace', 2 * DAY - 1, ORGANIZATION],
  ['grace', 2 * DAY, 'revocation'],
  ['soft', 3 * DAY, ORGANIZATION],
  ['off', 3 * DAY, ORGANIZATION],
];
for (const [policy, after, expected] of ended) {
  t.test(`security §3 ${policy}: ${after} s after a list of one day began, the outcome is ${expected}`, async (t) => {
    const { keeper: make, clock, files } = await scene(t, policy);
    const { keeper, outcome } = make();
    await keeper.start();
    await keeper.look();
    for (const path of Object.keys(files)) delete files[path];
    t.equal(await outcome(), ORGANIZATION);
    clock.at = NOW + after;
    t.equal(await outcome(), expected, 'for a verdict that was kept, too');
  });
}

for (const policy of ['require', 'grace', 'soft'] as const) {
  t.test(`security §3 ${policy}: a revoked certificate is refused, also by a list that has ended`, async (t) => {
    const { keeper: make, clock, files } = await scene(t, policy);
    files['/issuing.crl'] = makeList(issuing, naming);
    const { keeper, outcome } = make();
    await keeper.start();
    await keeper.look();
    t.equal(await outcome(), 'revoked');
    clock.at = NOW + 3 * DAY;
    t.equal(await outcome(), 'revoked');
  });
}

t.test('security §3 off is for test anchors alone, and soft in production needs a setting', async (t) => {
  const production = (revocation: RevocationPolicy) => [entry('anchor', root.der, { environment: 'production', revocation })];
  for (const policy of ['off', 'soft'] as const) {
    const refusal = attempt(() => createCertificates(production(policy), { environment: 'production' }));
    t.equal(refusal instanceof Refusal && refusal.rule, 'revocation_policy');
  }
  t.throws(() => createCertificates(production('off'), { environment: 'production', allowSoft: true }), /^revocation_policy: /);
  t.doesNotThrow(() => createCertificates(production('soft'), { environment: 'production', allowSoft: true }));
  t.doesNotThrow(() => createCertificates(production('grace'), { environment: 'production' }));
});

const MEBIBYTE = 1024 * 1024;
const limits = { bytes: MEBIBYTE, time: 5_000, allowPrivate: true };

t.test('PV-SEC-054 a download is bounded in size and time, and follows no redirect to another host', async (t) => {
  const never: RequestListener = (request, response) => {
    if (request.url === '/endless') return void response.write(Buffer.alloc(4 * MEBIBYTE));
    if (request.url === '/slow') return void response.write('a');
    if (request.url === '/loop') return void response.writeHead(302, { location: '/loop' }).end();
    if (request.url === '/away') return void response.writeHead(302, { location: 'http://crl.example.no/' }).end();
    if (request.url === '/near') return void response.writeHead(301, { location: '/list' }).end();
    response.writeHead(request.url === '/list' ? 200 : 404).end('list');
  };
  const address = await web(t, never);
  const file = join(t.testdir(), 'list');
  const fetched = (path: string, more: Partial<typeof limits> = {}) =>
    download(`${address}${path}`, file, { ...limits, ...more }).then(
      () => 'fetched',
      (error: unknown) => (error instanceof NotFetched ? error.message : String(error)),
    );
  t.equal(await fetched('/list'), 'fetched');
  t.equal(await readFile(file, 'utf8'), 'list');
  t.equal(await fetched('/near'), 'fetched');
  t.equal(await fetched('/endless'), `more than ${MEBIBYTE} octets`);
  t.equal(await fetched('/slow', { time: 100 }), 'it took more than 0.1 s');
  t.equal(await fetched('/away'), 'a redirect to another host');
  t.equal(await fetched('/loop'), 'too many redirects');
  t.equal(await fetched('/nothing'), 'status 404');
  t.equal(await download('ftp://crl.example.no/', file, limits).catch(String), 'NotFetched: neither http nor https');
});

t.test('PV-SEC-054 addresses of private networks are not asked unless that is configured', async (t) => {
  const address = await web(t, (_, response) => void response.end('list'));
  const { port } = new URL(address);
  const file = join(t.testdir(), 'list');
  for (const host of [
    '127.0.0.1',
    'localhost',
    '0x7f.1',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '10.0.0.1',
    '169.254.169.254',
    '[fd00::1]',
  ]) {
    const error = await download(`http://${host}:${port}/`, file, { ...limits, allowPrivate: false }).catch((thrown) => thrown);
    t.ok(error instanceof NotFetched, host);
    const why = `${error.message} ${error.cause?.message ?? ''}`;
    t.match(why, /private network/, host);
  }
});

t.test('a list of another address is forgotten when the trust changes', async (t) => {
  const lists = new RevocationLists();
  const withUrl = (url: string) => [entry('anchor', root.der, { crlUrls: [url] })];
  const certificates = createCertificates(withUrl('http://a.example.no/'), { environment: 'test', lists });
  const [source] = lists.sources;
  t.equal(source?.url, 'http://a.example.no/');
  certificates.reload(withUrl('http://b.example.no/'));
  t.same(
    lists.sources.map(({ url }) => url),
    ['http://b.example.no/'],
  );
  t.equal(source && lists.of(source), undefined);
});
