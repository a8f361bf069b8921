import { execFile, spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { readCertificate } from '../../keys/x509/certificate.ts';
import { createTrust, validatePath } from '../../keys/x509/chain.ts';
import { Refusal } from '../../keys/x509/refusal.ts';
import { boolean, integer, NULL, oid, sequence, tlv } from './encode.ts';
import {
  type Authority,
  certificate,
  commonName,
  DAY,
  enterprise,
  extension,
  key,
  keyId,
  makeRoot,
  NOW,
  type Order,
  organizationIdentifier,
} from './pki.ts';

/** Chains made by chance, honest and not, through our path rules and through `openssl verify`: what it refuses we never accept. */

const CHAINS = 240;

/** A small generator of numbers, seeded, so that a chain that differs can be made again. */
function chance(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

type Chance = ReturnType<typeof chance>;

/** What may be wrong with one certificate; each changes its order, or what came of it. */
type Fault = {
  readonly order?: (order: Order, next: Chance) => Partial<Order>;
  readonly after?: (der: Buffer, next: Chance) => Buffer;
};

const without = (type: string, { extensions }: Order): Buffer[] => extensions.filter((one) => !one.includes(oid(type)));

const FAULTS: Readonly<Record<string, Fault>> = {
  ended: { order: () => ({ notAfter: NOW - 1 }) },
  'not begun': { order: () => ({ notBefore: NOW + 1 }) },
  'no basicConstraints': { order: (order) => ({ extensions: without('2.5.29.19', order) }) },
  'empty basicConstraints': {
    order: (order) => ({ extensions: [...without('2.5.29.19', order), extension.of('2.5.29.19', sequence(), true)] }),
  },
  'path length': { order: (order, next) => ({ extensions: [...without('2.5.29.19', order), extension.ca(next(3))] }) },
  'CA flag': { order: (order) => ({ extensions: [...without('2.5.29.19', order), extension.ca()] }) },
  'no key usage': { order: (order) => ({ extensions: without('2.5.29.15', order) }) },
  'other key usage': { order: (order, next) => ({ extensions: [...without('2.5.29.15', order), extension.keyUsage(next(9))] }) },
  'unknown extension': { order: ({ extensions }) => ({ extensions: [...extensions, extension.of('1.2.3', NULL)] }) },
  'unknown critical extension': {
    order: ({ extensions }) => ({ extensions: [...extensions, extension.of('1.2.3', NULL, true)] }),
  },
  'an extension twice': { order: ({ extensions }) => ({ extensions: [...extensions, ...extensions.slice(0, 1)] }) },
  'name constraints': {
    order: ({ extensions }) => ({
      extensions: [...extensions, extension.of('2.5.29.30', sequence(tlv(0xa0, sequence(tlv(0x82, Buffer.from('a.no'))))), true)],
    }),
  },
  'policy constraints': {
    order: ({ extensions }) => ({
      extensions: [...extensions, extension.of('2.5.29.36', sequence(tlv(0x80, Buffer.from([0]))), true)],
    }),
  },
  'encoded default': {
    order: ({ extensions }) => ({ extensions: [...extensions, sequence(oid('1.2.4'), boolean(false), tlv(0x04, NULL))] }),
  },
  'no key identifiers': { order: (order) => ({ extensions: without('2.5.29.35', order) }) },
  'another authority key identifier': {
    order: (order) => ({ extensions: [...without('2.5.29.35', order), extension.authorityKeyId(Buffer.from('x'))] }),
  },
  'serial number of another issuer': {
    order: ({ extensions, issuer }) => ({
      extensions: [
        ...extensions.filter((one) => !one.includes(oid('2.5.29.35'))),
        extension.of('2.5.29.35', sequence(tlv(0xa1, tlv(0xa4, issuer)), tlv(0x82, Buffer.from([9])))),
      ],
    }),
  },
  'another issuer name': { order: () => ({ issuer: commonName('nobody') }) },
  'issuer name in another case': { order: () => ({ issuer: commonName('ROOT') }) },
  'own name as issuer': { order: ({ subject }) => ({ issuer: subject }) },
  'another signer': { order: () => ({ signer: key('forger') }) },
  'self-signed': { order: ({ key: own, signer }) => ({ signer: Buffer.isBuffer(own) ? signer : own }) },
  'another digest': { order: () => ({ digest: 'sha384' }) },
  'SHA-1': { order: () => ({ digest: 'sha1', algorithm: sequence(oid('1.2.840.10045.4.1')) }) },
  'two algorithms': { order: () => ({ outerAlgorithm: sequence(oid('1.2.840.10045.4.3.3')) }) },
  'a short key': { order: () => ({ key: key('short', 1024) }) },
  'version 1': { order: () => ({ version: Buffer.alloc(0) }) },
  'negative serial number': { order: () => ({ serialNumber: tlv(0x02, Buffer.from([0x80])) }) },
  'serial number 0': { order: () => ({ serialNumber: integer(0) }) },
  'GeneralizedTime before 2050': { order: () => ({ notAfter: tlv(0x18, Buffer.from('20270101000000Z')) }) },
  'a date without seconds': { order: () => ({ notAfter: tlv(0x17, Buffer.from('2701010000Z')) }) },
  'no organisation number': { order: () => ({ subject: enterprise() }) },
  'an octet changed': {
    after: (der, next) => {
      const changed = Buffer.from(der);
      const place = next(der.length);
      changed[place] = (changed[place] ?? 0) ^ (1 << next(8));
      return changed;
    },
  },
  'an octet too many': { after: (der) => Buffer.concat([der, Buffer.alloc(1)]) },
  'cut off': { after: (der, next) => der.subarray(0, next(der.length)) },
};

/** What may be wrong with what is sent. */
const DISORDERS: Readonly<Record<string, (sent: readonly Buffer[], root: Authority) => readonly Buffer[]>> = {
  'the root sent along': (sent, root) => [...sent, root.der],
  'a CA left out': (sent) => (sent.length > 1 ? sent.toSpliced(1, 1) : sent),
  'in the wrong order': (sent) => sent.toReversed(),
  'a certificate twice': (sent) => [...sent, ...sent.slice(-1)],
  'a stranger between': (sent, root) => sent.toSpliced(1, 0, root.der),
};

type Attempt = { readonly title: string; readonly sent: readonly Buffer[] };

const root = makeRoot();

/** A chain below the root, a third of them without fault, the others with one or two. */
function attempt(number: number): Attempt {
  const next = chance(number);
  const depth = 1 + next(4);
  const faults = Array.from({ length: next(3) }, () => ({ place: next(depth), name: pick(Object.keys(FAULTS), next) }));
  const sent: Buffer[] = [];
  let above = root;
  for (let place = depth - 1; place >= 0; place--) {
    const made = make(
      above,
      place,
      faults.filter((fault) => fault.place === place).map(({ name }) => FAULTS[name] ?? {}),
      next,
    );
    sent.unshift(made.der);
    above = made;
  }
  const disorder = next(4) === 0 ? pick(Object.keys(DISORDERS), next) : undefined;
  const title = [...faults.map(({ place, name }) => `${place}: ${name}`), disorder].filter(Boolean).join(', ');
  return { title: `chain ${number}, ${title || 'without fault'}`, sent: (disorder && DISORDERS[disorder]?.(sent, root)) || sent };
}

/** A certificate at its place, 0 being the leaf. */
function make(above: Authority, place: number, faults: readonly Fault[], next: Chance): Authority {
  const own = place === 0 ? key('leaf', next(2) ? 2048 : 'P-256') : key(`ca ${place}`, next(4) ? 'P-256' : 2048);
  const subject = place === 0 ? enterprise(organizationIdentifier('NTRNO-310555037')) : commonName(`ca ${place}`);
  const usages = place === 0 ? [extension.keyUsage(0)] : [extension.ca(), extension.keyUsage(5, 6)];
  const ids = [extension.subjectKeyId(keyId(own)), extension.authorityKeyId(keyId(above.key))];
  const order: Order = {
    subject,
    issuer: above.name,
    signer: above.key,
    key: own,
    extensions: [...usages, ...ids],
    notBefore: NOW - DAY,
  };
  let changed: Order = order;
  for (const fault of faults) changed = { ...changed, ...fault.order?.(changed, next) };
  const der = faults.reduce((changing, fault) => fault.after?.(changing, next) ?? changing, certificate(changed));
  return { der, name: changed.subject, key: Buffer.isBuffer(changed.key) ? own : changed.key };
}

function pick(names: readonly string[], next: Chance): string {
  return names[next(names.length)] ?? '';
}

/** Our judgement by the path rules alone: nothing, or the rule that was broken. */
function ours(sent: readonly Buffer[]): string | undefined {
  try {
    validatePath(sent.map(readCertificate), createTrust([readCertificate(root.der)], []), { now: NOW });
    return undefined;
  } catch (error) {
    if (error instanceof Refusal) return error.rule;
    throw error;
  }
}

const run = promisify(execFile);

/** OpenSSL's judgement: it may put the sent certificates together in whatever order it likes. */
async function openssl(sent: readonly Buffer[], prefix: string): Promise<boolean> {
  const [leaf = Buffer.alloc(0), ...others] = sent;
  const files = { root: pem(root.der), leaf: pem(leaf), others: others.map(pem).join('') || pem(root.der) };
  const paths = Object.fromEntries(Object.keys(files).map((name) => [name, `${prefix}-${name}.pem`]));
  await Promise.all(Object.entries(files).map(([name, text]) => writeFile(paths[name] ?? '', text)));
  const trusted = ['-CAfile', paths.root ?? '', '-no-CApath', '-no-CAstore', '-untrusted', paths.others ?? ''];
  return run('openssl', ['verify', '-attime', `${NOW}`, ...trusted, paths.leaf ?? '']).then(
    () => true,
    (error) => {
      if (typeof error.code !== 'number') throw error;
      return false;
    },
  );
}

const pem = (der: Buffer): string =>
  `-----BEGIN CERTIFICATE-----\n${der.toString('base64').replace(/.{64}(?=.)/g, '$&\n')}\n-----END CERTIFICATE-----\n`;

const isInstalled = spawnSync('openssl', ['version']).error === undefined;
const skip = isInstalled ? false : 'the openssl command is not installed';

t.test(`security §1 (6) of ${CHAINS} chains made by chance none is accepted that OpenSSL refuses`, { skip }, async (t) => {
  const folder = t.testdir();
  const attempts = Array.from({ length: CHAINS }, (_, number) => attempt(number));
  const theirs = await inTurns(attempts, 4, ({ sent }, turn) => openssl(sent, join(folder, `${turn}`)));
  const refusedAlone = new Map<string, number>();
  const accepted: string[] = [];
  for (const [number, { title, sent }] of attempts.entries()) {
    const rule = ours(sent);
    if (rule === undefined) accepted.push(title);
    if (rule === undefined && !theirs[number]) t.fail(`${title} is accepted, and OpenSSL refuses it`);
    if (rule !== undefined && theirs[number]) refusedAlone.set(rule, (refusedAlone.get(rule) ?? 0) + 1);
    if (title.endsWith('without fault')) t.equal(rule, undefined, title);
  }
  t.comment(
    `${accepted.length} accepted by both, ${[...refusedAlone.values()].reduce((sum, n) => sum + n, 0)} refused by us alone:`,
  );
  t.comment([...refusedAlone].map(([rule, count]) => `${rule} ${count}`).join(', '));
  t.ok(accepted.length > CHAINS / 5 && accepted.some((title) => !title.endsWith('without fault')), 'enough of them were good');
});

/** Does the work on every item, so many at a time; each of the turns taken side by side has a number. */
async function inTurns<T, R>(items: readonly T[], turns: number, work: (item: T, turn: number) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const rest = items.entries();
  const takeTurns = async (turn: number): Promise<void> => {
    for (const [place, item] of rest) results[place] = await work(item, turn);
  };
  await Promise.all(Array.from({ length: turns }, (_, turn) => takeTurns(turn)));
  return results;
}
