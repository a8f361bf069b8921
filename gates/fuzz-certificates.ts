import type { KeyObject } from 'node:crypto';
import { type Certificate, readCertificate } from '../keys/x509/certificate.ts';
import { createTrust, validatePath } from '../keys/x509/chain.ts';
import { readCrl } from '../keys/x509/crl.ts';
import { readDer } from '../keys/x509/der.ts';
import { readStatus } from '../keys/x509/ocsp.ts';
import { judgeByProfile, PROFILES } from '../keys/x509/profile.ts';
import { attempt, Refusal } from '../keys/x509/refusal.ts';
import { openList } from '../keys/x509/revocation-list.ts';
import { integer, octetString, sequence, tlv } from '../test/keys/encode.ts';
import { answer, explicit, question } from '../test/keys/ocsp-answer.ts';
import { certificate, commonName, extension, key, keyId, makeLeaf, makeList, NOW, revokedEntry } from '../test/keys/pki.ts';
import { issuing, leaf, root, withExtension } from '../test/keys/valid-chain.ts';
import { type Chance, chanceOf } from './chance.ts';
import { type Gate, TOLD } from './gate.ts';
import { mutate, signedAgain } from './mutate.ts';
import { ofCases } from './of-cases.ts';

const FULL = 1_000_000;
const SHORT = 60_000;

/** A hang is what takes longer, in milliseconds, and does so again: once may be the machine. Security §6 */
const HANG = 100;
/** What takes longer is measured again. */
const NOTABLE = 10;

/** Changed certificates, lists and answers through all that reads and judges them. Security §6, G9 */
export const fuzzCertificates: Gate = ofCases({
  id: 'G9-certificates',
  cases: { full: FULL, short: SHORT },
  title: `${FULL} mutated certificates, revocation lists and OCSP answers: no crash, no hang above ${HANG} ms, nothing wrongly accepted`,
  run: async ({ seed, from, to, tell }) => {
    const found: Found = newFound();
    for (let number = from; number < to; number += 10_000) {
      fuzz({ seed, from: number, to: Math.min(number + 10_000, to) }, found);
      if (number % 100_000 === 0) tell(`${number} mutants`);
    }
    return { figures: figuresOf(found), failures: found.failures };
  },
});

/** What has come of mutants so far. */
export type Found = {
  mutants: number;
  /** How often each rule refused, and how many were accepted that their authority has signed. */
  readonly rules: Map<string, number>;
  /** Milliseconds. */
  longest: number;
  readonly failures: string[];
};

export function newFound(): Found {
  return { mutants: 0, rules: new Map(), longest: 0, failures: [] };
}

/** Makes and judges the mutants of these numbers, and adds what came of them. */
export function fuzz({ seed, from, to }: { seed: number; from: number; to: number }, found: Found): Found {
  for (let number = from; number < to; number++) {
    const target = TARGETS[number % TARGETS.length];
    if (target) judgeMutant(target, number, { next: chanceOf(seed, number), found });
  }
  return found;
}

function judgeMutant(target: Target, number: number, { next, found }: { next: Chance; found: Found }): void {
  const isSigned = next(3) > 0;
  const mutant = isSigned ? target.signedAgain(next) : mutate(target.source, next);
  const { rule, took } = timed(target, mutant);
  found.mutants++;
  found.longest = Math.max(found.longest, took);
  found.rules.set(rule, (found.rules.get(rule) ?? 0) + 1);
  const fail = (what: string): void => {
    if (found.failures.length < TOLD)
      found.failures.push(`mutant ${number}, ${target.title}, ${what}: ${mutant.toString('hex')}`);
  };
  if (took > HANG) fail(`took ${took.toFixed(0)} ms`);
  if (rule.startsWith('crash')) fail(rule);
  if (rule === 'accepted' && !isSigned && !mutant.equals(target.source)) fail('is accepted');
}

function timed({ judge }: Target, mutant: Buffer): { rule: string; took: number } {
  const begin = performance.now();
  const rule = ruleOf(judge, mutant);
  const took = performance.now() - begin;
  return { rule, took: took < NOTABLE ? took : again(judge, mutant) };
}

function ruleOf(judge: Target['judge'], mutant: Buffer): string {
  try {
    const outcome = attempt(() => judge(mutant));
    return outcome instanceof Refusal ? outcome.rule : 'accepted';
  } catch (error) {
    return `crash: ${error}`;
  }
}

/** The least time that some more rounds take, in milliseconds. */
function again(judge: Target['judge'], mutant: Buffer): number {
  const times = Array.from({ length: 5 }, () => {
    const begin = performance.now();
    ruleOf(judge, mutant);
    return performance.now() - begin;
  });
  return Math.min(...times);
}

function figuresOf({ mutants, rules, longest, failures }: Found): Record<string, string | number> {
  const refused = [...rules].filter(([rule]) => rule !== 'accepted').toSorted(([, one], [, other]) => other - one);
  return {
    mutants,
    'refused, by rule': refused.map(([rule, count]) => `${rule} ${count}`).join(', '),
    'accepted, signed by their authority after the change': rules.get('accepted') ?? 0,
    'longest, ms': longest.toFixed(1),
    failures: failures.length,
  };
}

/** Something that is changed, and what judges it. */
type Target = {
  readonly title: string;
  readonly source: Buffer;
  /** Changed, and then signed by who may. */
  readonly signedAgain: (next: Chance) => Buffer;
  readonly judge: (der: Buffer) => unknown;
};

const policies = extension.of('2.5.29.32', sequence(sequence(Buffer.from('0603290102', 'hex'))));
const point = tlv(0xa0, tlv(0xa0, tlv(0x86, Buffer.from('http://ca.example.no/1.crl'))));
const rich = only(
  withExtension(policies, extension.of('2.5.29.31', sequence(sequence(point))), extension.of('1.2.3', Buffer.alloc(9))),
);
const list = makeList(issuing, {
  revoked: Array.from({ length: 20 }, (_, n) =>
    revokedEntry(Buffer.from([0x40, n]), extension.of('2.5.29.21', Buffer.from([10, 1, 1]))),
  ),
  more: [extension.of('2.5.29.28', sequence(point), true)],
});
const trust = createTrust([readCertificate(root.der)], [readCertificate(issuing.der)]);
const anchor = createTrust([readCertificate(root.der)], []);
const ownCa = PROFILES.get('own-ca');

function only(chain: () => readonly Buffer[]): Buffer {
  const [der] = chain();
  if (!der) throw new Error('a chain of nothing');
  return der;
}

/** Somebody whom the issuing CA has charged with its answers. */
const responder = {
  key: key('responder'),
  name: commonName('responder'),
  der: certificate({
    subject: commonName('responder'),
    issuer: issuing.name,
    signer: issuing.key,
    key: key('responder'),
    extensions: [
      extension.keyUsage(0),
      extension.extendedKeyUsage('1.3.6.1.5.5.7.3.9'),
      extension.authorityKeyId(keyId(issuing.key)),
    ],
  }),
};

function judgeLeaf(leafDer: Buffer, ...above: readonly Certificate[]): void {
  const path = validatePath([readCertificate(leafDer), ...above], above.length > 0 ? anchor : trust, { now: NOW, ed25519: true });
  if (ownCa) judgeByProfile(path, ownCa);
}

const sameLeaf = makeLeaf(issuing, { serialNumber: integer(0x1234) });

function certificateTarget(title: string, source: Buffer, signer: KeyObject, judge: Target['judge']): Target {
  return { title, source, signedAgain: (next) => signedAgain(source, next, signer), judge };
}

/** A BasicOCSPResponse stands in an octet string of its own. RFC 6960 §4.2.1 */
function answerTarget(title: string, source: Buffer, signer: KeyObject): Target {
  const [status, bytes] = readDer(source).children;
  const [type, basic] = bytes?.children[0]?.children ?? [];
  if (!status || !type || !basic) throw new Error('no answer');
  const wrapped = (inner: Buffer): Buffer => sequence(status.der, explicit(0, sequence(type.der, octetString(inner))));
  return {
    title,
    source,
    signedAgain: (next) => wrapped(signedAgain(basic.content, next, signer)),
    judge: (der) => readStatus(der, question, NOW),
  };
}

const TARGETS: readonly Target[] = [
  certificateTarget('a certificate', rich, issuing.key, (der) => judgeLeaf(der)),
  certificateTarget('a certificate with an EC key', only(leaf({ key: key('ec leaf', 'P-384') })), issuing.key, (der) =>
    judgeLeaf(der),
  ),
  certificateTarget('the certificate of an issuing CA', issuing.der, root.key, (der) =>
    judgeLeaf(sameLeaf, readCertificate(der)),
  ),
  certificateTarget('a revocation list', list, issuing.key, (der) => openList(readCrl(der), question.issuer)),
  answerTarget('an answer of the issuer', answer(), issuing.key),
  answerTarget(
    'an answer of a delegate',
    answer({ signer: responder.key, responder: explicit(1, responder.name), certificates: [responder.der] }),
    responder.key,
  ),
];
