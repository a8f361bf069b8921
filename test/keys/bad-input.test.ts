import t from 'tap';
import { type Certificate, readCertificate } from '../../keys/x509/certificate.ts';
import { createTrust, type Trust, validatePath } from '../../keys/x509/chain.ts';
import { readDer } from '../../keys/x509/der.ts';
import { type ChainCase, createChainJudge } from '../../keys/x509/offline.ts';
import { attempt, Refusal } from '../../keys/x509/refusal.ts';
import { isSignedBy, sparingJudge } from '../../keys/x509/signature.ts';
import { bitString, integer, NULL, oid, sequence } from './encode.ts';
import { certificate, commonName, extension, key, makeIssuing, makeLeaf, NOW } from './pki.ts';
import { CA_EXTENSIONS, issuing, root, valid } from './valid-chain.ts';

/** Input that means harm: it gets a Refusal, and soon. Time is counted in signatures verified, as a clock would tell of the machine. */

const chain = [valid, issuing.der];
const trust = createTrust([readCertificate(root.der)], []);

/** The rule that a chain is refused by, or `accepted`, and how many signatures were verified for it. Anything else than a Refusal is thrown. */
function judge(sent: readonly Buffer[], by: Trust = trust): { rule: string; verified: number } {
  let verified = 0;
  const isSigned = (signed: Certificate, issuer: Certificate): boolean => {
    verified++;
    return isSignedBy(signed, issuer);
  };
  const outcome = attempt(() => validatePath(sent.map(readCertificate), by, { now: NOW, isSigned }));
  return { rule: outcome instanceof Refusal ? outcome.rule : 'accepted', verified };
}

/** What comes of the chain with its `place`th certificate changed in each of these ways: by rule, and the most signatures verified. */
function judgeAll(changed: Iterable<Buffer>, place: number): { accepted: number; cases: number; most: number } {
  const sum = { accepted: 0, cases: 0, most: 0 };
  for (const der of changed) {
    const { rule, verified } = judge(chain.with(place, der));
    sum.cases++;
    sum.accepted += rule === 'accepted' ? 1 : 0;
    sum.most = Math.max(sum.most, verified);
  }
  return sum;
}

function* flipped(der: Buffer): Iterable<Buffer> {
  for (let place = 0; place < der.length; place++) {
    for (const bits of [0x01, 0x20, 0x80, 0xff]) {
      const changed = Buffer.from(der);
      changed[place] = (changed[place] ?? 0) ^ bits;
      yield changed;
    }
  }
}

function* cutOff(der: Buffer): Iterable<Buffer> {
  for (let length = 0; length < der.length; length++) yield der.subarray(0, length);
}

function* lengthened(der: Buffer): Iterable<Buffer> {
  for (let place = 0; place <= der.length; place++) {
    for (const octet of [0x00, 0x05, 0xff])
      yield Buffer.concat([der.subarray(0, place), Buffer.from([octet]), der.subarray(place)]);
  }
}

for (const [place, which] of ['the leaf', 'the issuing CA'].entries()) {
  const der = chain[place] ?? valid;
  for (const [what, changed] of [
    ['changed', flipped(der)],
    ['left out from there on', cutOff(der)],
    ['put in', lengthened(der)],
  ] as const) {
    t.test(`security 4.4 no octet of ${which} can be ${what}`, async (t) => {
      const { accepted, cases, most } = judgeAll(changed, place);
      t.equal(accepted, 0, `of ${cases}`);
      t.ok(cases >= der.length);
      t.ok(most <= 3, `${most} signatures at most are verified for one`);
    });
  }
}

/** Every place where a value begins, with the length of its content. */
function headers(der: Buffer): { at: number; length: number }[] {
  const found: { at: number; length: number }[] = [];
  const walk = (value: ReturnType<typeof readDer>): void => {
    found.push({ at: value.der.byteOffset - der.byteOffset, length: value.content.length });
    value.children.forEach(walk);
  };
  walk(readDer(der));
  return found;
}

t.test('PV-SEC-039 no length in a chain can be written as BER would let it be', async (t) => {
  for (const [place, der] of chain.entries()) {
    const rewritten = headers(der).flatMap(({ at, length }) => {
      const octets = (der[at + 1] ?? 0) < 0x80 ? 0 : (der[at + 1] ?? 0) & 0x7f;
      const [before, after] = [der.subarray(0, at + 1), der.subarray(at + 2 + octets)];
      const [hex, long] = [length.toString(16).padStart(8, '0'), length.toString(16).padStart(16, '0')];
      const forms = [`84${hex}`, `83${hex.slice(2)}`, `88${long}`, '80'].map((form) => Buffer.from(form, 'hex'));
      return forms.map((form) => Buffer.concat([before, form, after]));
    });
    t.ok(rewritten.length > 100);
    for (const changed of rewritten) if (judge(chain.with(place, changed)).rule !== 'der') t.fail(changed.toString('hex'));
  }
});

const rsaKey = (n: bigint, e: bigint): Buffer =>
  sequence(sequence(oid('1.2.840.113549.1.1.1'), NULL), bitString(sequence(integer(n), integer(e))));
/** Odd, of so many bits, and without a factor that would be noticed. */
const modulus = (bits: bigint): bigint => 2n ** bits - 1n - 2n ** 64n * 0xabcdefn;
const LARGE = BigInt(key('large', 2048).asymmetricKeyDetails?.modulusLength ?? 2048);

t.test(
  'PV-SEC-013 keys that are too large, and exponents that anybody can sign for, are refused before they are worked with',
  async (t) => {
    for (const [what, der] of [
      ['a leaf of 16384 bits', rsaKey(modulus(16_384n), 65_537n)],
      ['exponent 1', rsaKey(modulus(LARGE), 1n)],
      ['exponent 3', rsaKey(modulus(LARGE), 3n)],
      ['an even exponent', rsaKey(modulus(LARGE), 65_538n)],
      ['an exponent as long as the modulus', rsaKey(modulus(LARGE), modulus(LARGE - 1n))],
    ] as const) {
      t.same(judge([makeLeaf(issuing, { key: der }), issuing.der]), { rule: 'key_policy', verified: 0 }, what);
      const ca = makeIssuing(root, 'hostile', { key: der, extensions: CA_EXTENSIONS });
      t.same(
        judge([makeLeaf(ca, { extensions: [extension.keyUsage(0)] }), ca.der]),
        { rule: 'key_policy', verified: 0 },
        `${what}, of a CA`,
      );
    }
  },
);

/** A CA certificate for whatever name, key and signer. */
const ca = (subject: string, issuer: string, own: ReturnType<typeof key>, signer: ReturnType<typeof key>): Buffer =>
  certificate({ subject: commonName(subject), issuer: commonName(issuer), key: own, signer, extensions: CA_EXTENSIONS });

t.test('PV-SEC-047 CAs that certify each other lead nowhere', async (t) => {
  const [a, b, c] = [key('cycle a'), key('cycle b'), key('cycle c')];
  const ring = [ca('a', 'b', a, b), ca('b', 'c', b, c), ca('c', 'a', c, a)];
  const leaf = makeLeaf({ der: Buffer.alloc(0), name: commonName('a'), key: a }, { extensions: [extension.keyUsage(0)] });
  for (const sent of [[leaf], [leaf, ...ring], [leaf, ...ring, ...ring].slice(0, 5)]) {
    const configured = createTrust([readCertificate(root.der)], ring.map(readCertificate));
    t.same(judge(sent, configured), { rule: 'trust_anchor', verified: 0 }, `${sent.length} sent`);
  }
});

const untrustedCase = (more: Partial<ChainCase>): ChainCase => ({
  chain: [valid],
  trust: [root.der],
  untrusted: [issuing.der],
  crls: [],
  at: NOW,
  ...more,
});

t.test('thirty intermediates of one name do not hold anybody up', async (t) => {
  for (const [kind, isOneKey] of [
    ['P-256', true],
    ['P-256', false],
    ['P-384', true],
    ['P-384', false],
  ] as const) {
    const own = (n: number) => key(isOneKey ? 'many' : `many ${n % 6}`, kind);
    const many = Array.from({ length: 30 }, (_, n) => ca('many', 'many', own(n), own(n)));
    const [anchor = root.der, ...others] = many;
    const leaf = makeLeaf({ der: anchor, name: commonName('many'), key: key('nobody') }, { extensions: [extension.keyUsage(0)] });
    const judgeChain = createChainJudge();
    const outcome = attempt(() => judgeChain(untrustedCase({ chain: [leaf], trust: [anchor], untrusted: others })));
    t.ok(outcome instanceof Refusal && ['signature', 'effort'].includes(outcome.rule), `${kind}: ${outcome}`);
    const times = Array.from({ length: 3 }, () => {
      const begin = performance.now();
      attempt(() => judgeChain(untrustedCase({ chain: [leaf], trust: [anchor], untrusted: others })));
      return performance.now() - begin;
    });
    t.comment(`${kind}, ${isOneKey ? 'one key' : 'several keys'}: ${Math.min(...times).toFixed(1)} ms`);
  }
});

t.test('no more is done for a chain than its allowance is, and each certificate and key are looked at once', async (t) => {
  const [first, second] = [readCertificate(valid), readCertificate(issuing.der)];
  const isSigned = sparingJudge(2);
  for (let times = 0; times < 3; times++) t.ok(isSigned(first, second));
  t.ok(isSigned(second, readCertificate(root.der)));
  t.throws(() => isSigned(first, readCertificate(root.der)), /^effort: /);
  const costly = readCertificate(ca('costly', 'costly', key('costly', 'P-384'), key('costly', 'P-384')));
  t.throws(() => sparingJudge(9)(costly, costly), /^effort: /, 'P-384 takes ten times as long');
  t.ok(sparingJudge(10)(costly, costly));
});

t.test('the one among thirty of a name that issued the leaf is found', async (t) => {
  const siblings = Array.from({ length: 29 }, (_, n) =>
    certificate({
      subject: issuing.name,
      issuer: root.name,
      key: key(`sibling ${n % 4}`),
      signer: root.key,
      extensions: CA_EXTENSIONS,
    }),
  );
  const judgeChain = createChainJudge();
  const outcome = attempt(() => judgeChain(untrustedCase({ untrusted: [...siblings, issuing.der] })));
  t.notOk(outcome instanceof Refusal, `${outcome instanceof Refusal ? outcome.message : ''}`);
});

t.test('a bundle of two hundred CAs that have nothing to do with the chain costs it nothing', async (t) => {
  const bundle = Array.from({ length: 200 }, (_, n) => ca(`other ${n}`, 'root', key('others'), key('others')));
  const judgeChain = createChainJudge();
  t.ok(judgeChain(untrustedCase({ untrusted: [...bundle, issuing.der] })));
});
