import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { makeAssertion } from '../../fixtures/assertion.ts';
import { readPublicJwk } from '../../keys/public-jwk.ts';
import { readCertificate } from '../../keys/x509/certificate.ts';
import type { TrustEntry } from '../../server/core/ports.ts';
import { answer as ocspAnswer, REVOKED } from '../keys/ocsp-answer.ts';
import { crlNumber, DAY, key, leafKey, makeList, revokedEntry } from '../keys/pki.ts';
import * as ocspWorld from '../keys/refuses.ts';
import { enterpriseTrust, issuing, outcome, type Publisher, publisher, root, SERIAL, trusting, x5c } from './enterprise.ts';
import { startTestServer, type TestServer, type Wishes } from './server.ts';

/** Revocation over HTTP: a production server, an authority that publishes, and tokens. Security reference §3 */

const HOUR = 3600;
const QUARTER = HOUR / 4;
const naming = { revoked: [revokedEntry(SERIAL)] };
const PRODUCTION = { config: { environment: 'production' }, certificates: { allowPrivate: true } } as const;

type Scene = { readonly server: TestServer; readonly published: Publisher };

async function scene(t: Test, more: Partial<TrustEntry> = {}, wishes: Wishes = {}): Promise<Scene> {
  const published = await publisher(t);
  const certificates = { ...PRODUCTION.certificates, ...wishes.certificates };
  const server = await startTestServer(t, {
    ...PRODUCTION,
    ...wishes,
    certificates,
    world: trusting(enterpriseTrust(published, more)),
  });
  await server.elapse();
  return { server, published };
}

t.test('PV-SEC-057 below a production anchor a certificate gets tokens, and none once a list names it', async (t) => {
  const { server, published } = await scene(t);
  t.equal(await outcome(server), 'token');
  published.files['/issuing.crl'] = makeList(issuing, { number: 2, ...naming });
  t.equal(await outcome(server), 'token', 'the list is not known yet');
  server.clock.time += QUARTER;
  await server.elapse();
  t.equal(await outcome(server), 'MP-120', 'at the first look after it was due, although the chain was cached');
  const line = server.lines.find(({ fields }) => fields.code === 'MP-120');
  t.match(line?.fields.detail, /^revoked: certificate 1/);
});

t.test('PV-SEC-057 another process on the same data takes the list from the disk at its next look', async (t) => {
  const { server, published } = await scene(t);
  const other = await startTestServer(t, { ...PRODUCTION, dataDir: server.dataDir });
  t.equal(await outcome(other), 'token', 'it has read the lists at its start');
  published.files['/issuing.crl'] = makeList(issuing, { number: 2, ...naming });
  server.clock.time += QUARTER;
  await server.elapse();
  published.files['/issuing.crl'] = Buffer.alloc(0);
  await other.elapse();
  t.equal(await outcome(other), 'MP-120');
});

t.test('PV-SEC-053 a start reads the lists that lie on the disk, without a network', async (t) => {
  const { server, published } = await scene(t);
  for (const path of Object.keys(published.files)) delete published.files[path];
  await server.close();
  const again = await startTestServer(t, { ...PRODUCTION, dataDir: server.dataDir });
  t.equal(await outcome(again), 'token');
});

const late: readonly [policy: TrustEntry['revocation'], hours: number, expected: string][] = [
  ['require', 23, 'token'],
  ['require', 25, 'MP-120'],
  ['grace', 25, 'token'],
  ['grace', 24 + 25, 'MP-120'],
  ['soft', 24 + 25, 'token'],
];
for (const [policy, hours, expected] of late) {
  t.test(`security §3 ${policy}: ${hours} h after the last list, which ends after 24, the answer is ${expected}`, async (t) => {
    const { server, published } = await scene(t, policy ? { revocation: policy } : {}, {
      certificates: { allowSoft: policy === 'soft' },
    });
    t.equal(await outcome(server), 'token');
    for (const path of Object.keys(published.files)) delete published.files[path];
    server.clock.time += hours * HOUR;
    await server.elapse();
    t.equal(await outcome(server), expected);
    const warned = server.lines.filter(({ message }) => message === 'a revocation list has ended');
    t.equal(warned.length > 0, hours > 24, 'with an alarm from the first minute');
    const counted = server.lines.filter(({ message }) => message.startsWith('a certificate was accepted without'));
    t.equal(counted.length > 0, policy === 'soft');
  });
}

t.test('security §3 the hours of grace are a setting', async (t) => {
  const { server } = await scene(t, { revocation: 'grace' }, { certificates: { grace: 2 * HOUR } });
  server.clock.time += 25 * HOUR;
  t.equal(await outcome(server), 'token');
  server.clock.time += 2 * HOUR;
  t.equal(await outcome(server), 'MP-120');
});

t.test('security §3 a production server refuses to start with off, and with soft unless a setting allows it', async (t) => {
  const { server } = await scene(t, { revocation: 'soft' }, { certificates: { allowSoft: true } });
  t.equal(await outcome(server), 'token');
  t.ok(server.lines.some(({ fields }) => fields.detail === 'certificates.allow_soft_in_production: true'));
  t.ok(
    server.lines.some(({ fields }) => / revocation: soft$/.test(fields.detail ?? '')),
    'PV-SEC-126 told at start',
  );
  const [record] = (await server.storage.audit.list(50)).filter(({ type }) => type === 'server.configured');
  t.match(JSON.stringify(record?.details), 'certificates.allow_private_addresses: true');
  await server.close();
  await t.rejects(startTestServer(t, { ...PRODUCTION, dataDir: server.dataDir }), /revocation_policy/);
  await t.rejects(scene(t, { revocation: 'off' }, { certificates: { allowSoft: true } }), /revocation_policy/);
});

const forged = { number: 9, signer: key('forger'), extensions: [crlNumber(9)] };
const away: RequestListener = (_, response) =>
  void response.writeHead(302, { location: 'http://crl.example.no/issuing.crl' }).end();

const bad: readonly [sentence: string, given: Publisher['files'][string] | undefined, failure: RegExp][] = [
  ['has a lower number', makeList(issuing, { number: 1 }), /^crl_number: /],
  ['somebody else signed', makeList(issuing, forged), /^crl_issuer: /],
  ['lies at another host', away, /another host/],
  ['is not there', undefined, /^status 404$/],
];
for (const [sentence, given, failure] of bad) {
  t.test(`PV-SEC-053, PV-SEC-054 a list that ${sentence} is not taken, and the one before it counts`, async (t) => {
    const { server, published } = await scene(t);
    published.files['/issuing.crl'] = makeList(issuing, { number: 5, ...naming });
    server.clock.time += QUARTER;
    await server.elapse();
    t.equal(await outcome(server), 'MP-120');
    if (given) published.files['/issuing.crl'] = given;
    else delete published.files['/issuing.crl'];
    server.clock.time += QUARTER;
    await server.elapse();
    t.equal(await outcome(server), 'MP-120');
    const told = server.lines.findLast(({ message }) => message === 'a revocation list could not be renewed');
    t.match(told?.fields.detail?.replace(/^[^ ]+ /, ''), failure);
  });
}

t.test('PV-SEC-054 an address that hangs holds up no other', async (t) => {
  const { server, published } = await scene(t);
  published.files['/root.crl'] = (_, response) => void response.writeHead(200).write('0');
  published.files['/issuing.crl'] = makeList(issuing, { number: 2, ...naming });
  server.clock.time += QUARTER;
  void server.elapse();
  while ((await outcome(server)) === 'token') await new Promise((resolve) => setImmediate(resolve));
  t.equal(await outcome(server), 'MP-120');
});

t.test('PV-SEC-054 private addresses are not asked unless a setting allows it', async (t) => {
  const { server } = await scene(t, {}, { certificates: { allowPrivate: false } });
  t.equal(await outcome(server), 'MP-120');
  t.ok(server.lines.some(({ fields }) => /private network/.test(fields.detail ?? '')));
});

t.test('PV-SEC-048 a change of the trust by another process is in force from the next request on', async (t) => {
  const { server } = await scene(t);
  const other = await startTestServer(t, { ...PRODUCTION, dataDir: server.dataDir });
  t.equal(await outcome(other), 'token');
  await server.storage.transaction((changes) => changes.trust.remove('anchor'));
  t.equal(await outcome(other), 'MP-120');
});

t.test('PV-SEC-058 a registered key that is bound to a certificate is refused once the certificate is revoked', async (t) => {
  const published = await publisher(t);
  const jwk = { ...leafKeyJwk(), kid: 'seal', use: 'sig', alg: 'RS256', x5c: [...x5c] };
  const bound = readPublicJwk(jwk);
  if ('flaw' in bound) return t.fail(bound.flaw);
  const server = await startTestServer(t, {
    ...PRODUCTION,
    world: (world) => ({
      ...trusting(enterpriseTrust(published))(world),
      clients: world.clients.map((client) => (client.name === 'demo-certificate' ? { ...client, keys: [bound] } : client)),
    }),
  });
  await server.elapse();
  const ask = async (): Promise<string> => {
    const { clientId } = server.client('demo-certificate');
    const assertion = await makeAssertion({
      ...{ clientId, audience: server.issuer, key: leafKey(), kid: 'seal', now: server.clock.time, scope: 'prove:bygg.read' },
    });
    const { status, body } = await server.ask(assertion);
    return status === 200 ? 'token' : `${body.error_uri}`.slice(-6);
  };
  t.equal(await ask(), 'token');
  published.files['/issuing.crl'] = makeList(issuing, { number: 2, ...naming });
  server.clock.time += QUARTER;
  await server.elapse();
  t.equal(await ask(), 'MP-120');
});

function leafKeyJwk(): object {
  const { kty, n, e } = leafKey().export({ format: 'jwk' });
  return { kty, n, e };
}

t.test('PV-SEC-055 a responder is asked second unless a setting makes it the first', async (t) => {
  let asked = 0;
  let status: Buffer | undefined;
  const responder = createServer((_, response) => {
    asked++;
    response.end(ocspAnswer(status ? { status } : {}));
  }).listen(0, '127.0.0.1');
  await once(responder, 'listening');
  t.teardown(() => void responder.close());
  const ocspUrl = `http://127.0.0.1:${(responder.address() as AddressInfo).port}/`;
  for (const ocspFirst of [false, true]) {
    const published = await publisher(t);
    published.files['/root.crl'] = makeList(ocspWorld.root);
    published.files['/issuing.crl'] = makeList(ocspWorld.issuing);
    const [anchor, intermediate] = enterpriseTrust(published);
    if (!anchor || !intermediate) return t.fail();
    const entries = [
      { ...anchor, certificate: ocspWorld.root.der.toString('base64') },
      { ...intermediate, certificate: ocspWorld.issuing.der.toString('base64'), ocspUrl },
    ];
    const server = await startTestServer(t, {
      ...PRODUCTION,
      certificates: { allowPrivate: true, ocspFirst },
      world: trusting(entries),
    });
    await server.elapse();
    const chain = [ocspWorld.valid.toString('base64')];
    asked = 0;
    status = ocspFirst ? REVOKED : undefined;
    t.equal(await outcome(server, chain), ocspFirst ? 'MP-120' : 'token');
    t.equal(asked, ocspFirst ? 1 : 0, 'a list answers');
  }
});

t.test('CAs that end are told of at the start, and again as the end comes near', async (t) => {
  const { server } = await scene(t);
  const told = (): readonly string[] =>
    server.lines.filter(({ message }) => message.startsWith('a trusted CA')).map(({ fields }) => fields.detail ?? '');
  t.equal(told().length, 2, 'both end in 30 days');
  t.match(told()[0], /^anchor .*: 2026-01-31, 30 days$/);
  server.clock.time += 10 * DAY;
  await server.elapse();
  t.equal(told().length, 2);
  server.clock.time += 15 * DAY;
  await server.elapse();
  t.equal(told().length, 4, 'within seven days');
});

t.test('PV-SEC-056 a revoked issuing CA ends all certificates below it', async (t) => {
  const { server, published } = await scene(t);
  t.equal(await outcome(server, [...x5c, issuing.der.toString('base64')]), 'token');
  const { serialNumber } = readCertificate(issuing.der);
  published.files['/root.crl'] = makeList(root, { number: 2, revoked: [revokedEntry(serialNumber)] });
  server.clock.time += QUARTER;
  await server.elapse();
  t.equal(await outcome(server), 'MP-120');
});
