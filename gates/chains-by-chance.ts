import type { KeyObject } from 'node:crypto';
import { readDer } from '../keys/x509/der.ts';
import { attempt, Refusal } from '../keys/x509/refusal.ts';
import { boolean, integer, NULL, oid, sequence, tlv } from '../test/keys/encode.ts';
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
  OID,
  type Order,
  organizationIdentifier,
  rsaPss,
} from '../test/keys/pki.ts';
import { type Chance, chanceOf, pick } from './chance.ts';
import { signedAgain } from './mutate.ts';

/** A chain as a client might send it, and what is the matter with it. */
export type MadeChain = { readonly title: string; readonly sent: readonly Buffer[] };

/** The only authority that is trusted. */
export const root = makeRoot();

/** A chain below the root, of one to four certificates: a third of them without fault, the others with one or two. */
export function makeChain(seed: number, number: number): MadeChain {
  const next = chanceOf(seed, number);
  const depth = 1 + next(4);
  const faults = Array.from({ length: next(3) }, () => ({ place: next(depth), name: pick(Object.keys(FAULTS), next) }));
  const sent: Buffer[] = [];
  let above = root;
  for (let place = depth - 1; place >= 0; place--) {
    const here = faults.filter((fault) => fault.place === place).map(({ name }) => FAULTS[name] ?? {});
    const made = makeOne(above, place, { faults: here, next });
    sent.unshift(made.der);
    above = made;
  }
  const disorder = next(4) === 0 ? pick(Object.keys(DISORDERS), next) : undefined;
  const title = [...faults.map(({ place, name }) => `${place}: ${name}`), disorder].filter(Boolean).join(', ');
  return { title: `chain ${number}, ${title || 'without fault'}`, sent: (disorder && DISORDERS[disorder]?.(sent)) || sent };
}

/** A certificate at its place, 0 being the leaf. */
function makeOne(above: Authority, place: number, { faults, next }: { faults: readonly Fault[]; next: Chance }): Authority {
  const own = place === 0 ? key('leaf', next(2) ? 2048 : 'P-256') : key(`ca ${place}`, next(4) ? 'P-256' : 2048);
  const subject = place === 0 ? enterprise(organizationIdentifier('NTRNO-310555037')) : commonName(`ca ${place}`);
  const usages = place === 0 ? [extension.keyUsage(0)] : [extension.ca(), extension.keyUsage(5, 6)];
  const ids = [extension.subjectKeyId(keyId(own)), extension.authorityKeyId(keyId(above.key))];
  let order: Order = {
    subject,
    issuer: above.name,
    signer: above.key,
    key: own,
    extensions: [...usages, ...ids],
    notBefore: NOW - DAY,
  };
  for (const fault of faults) order = { ...order, ...fault.order?.(order, next) };
  const { signer } = order;
  const der = faults.reduce((changing, fault) => fault.after?.(changing, next, signer) ?? changing, certificate(order));
  return { der, name: order.subject, key: Buffer.isBuffer(order.key) ? own : order.key };
}

/** What may be wrong with one certificate; each changes its order, or what came of it. */
type Fault = {
  readonly order?: (order: Order, next: Chance) => Partial<Order>;
  readonly after?: (der: Buffer, next: Chance, signer: KeyObject) => Buffer;
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
  'RSA-PSS': {
    order: ({ signer }, next) =>
      signer.asymmetricKeyType === 'rsa'
        ? { algorithm: rsaPss({ salt: pick([20, 32], next) }), digest: `pss-sha256-${pick([20, 32], next)}` }
        : {},
  },
  'two algorithms': { order: () => ({ outerAlgorithm: sequence(oid('1.2.840.10045.4.3.3')) }) },
  'a short key': { order: () => ({ key: key('short', 1024) }) },
  'version 1': { order: () => ({ version: Buffer.alloc(0) }) },
  'negative serial number': { order: () => ({ serialNumber: tlv(0x02, Buffer.from([0x80])) }) },
  'serial number 0': { order: () => ({ serialNumber: integer(0) }) },
  'GeneralizedTime before 2050': { order: () => ({ notAfter: tlv(0x18, Buffer.from('20270101000000Z')) }) },
  'a date without seconds': { order: () => ({ notAfter: tlv(0x17, Buffer.from('2701010000Z')) }) },
  'no organisation number': { order: () => ({ subject: enterprise() }) },
  'changed and signed again': {
    after: (der, next, signer) => (isReadable(der) ? signedAgain(der, next, signer) : der),
  },
  'a purpose': { order: ({ extensions }) => ({ extensions: [...extensions, extension.extendedKeyUsage(OID.serverAuth)] }) },
  'inhibited policies': {
    order: ({ extensions }) => ({ extensions: [...extensions, extension.of('2.5.29.54', integer(0), true)] }),
  },
  'the name of the root': { order: () => ({ subject: root.name }) },
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
const DISORDERS: Readonly<Record<string, (sent: readonly Buffer[]) => readonly Buffer[]>> = {
  'the root sent along': (sent) => [...sent, root.der],
  'a CA left out': (sent) => (sent.length > 1 ? sent.toSpliced(1, 1) : sent),
  'in the wrong order': (sent) => sent.toReversed(),
  'a certificate twice': (sent) => [...sent, ...sent.slice(-1)],
  'a stranger between': (sent) => sent.toSpliced(1, 0, root.der),
};

/** A certificate that another fault has broken stays as it is. */
function isReadable(der: Buffer): boolean {
  return !(attempt(() => readDer(der)) instanceof Refusal);
}
