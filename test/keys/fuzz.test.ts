import { sign } from 'node:crypto';
import t from 'tap';
import { readCertificate } from '../../keys/x509/certificate.ts';
import { createTrust, validatePath } from '../../keys/x509/chain.ts';
import { readCrl } from '../../keys/x509/crl.ts';
import { readDer } from '../../keys/x509/der.ts';
import { readStatus } from '../../keys/x509/ocsp.ts';
import { attempt, Refusal } from '../../keys/x509/refusal.ts';
import { openList } from '../../keys/x509/revocation-list.ts';
import { bitString, sequence } from './encode.ts';
import { answer, question } from './ocsp-answer.ts';
import { extension, makeList, NOW, revokedEntry } from './pki.ts';
import { issuing, root, valid, withExtension } from './refuses.ts';

/**
 * Certificates, lists and answers changed by chance: whatever comes of it is a Refusal, and soon. The short form of gate G9;
 * PORTVAKT_FUZZ says how many of each are made, PORTVAKT_FUZZ_SEED where to begin.
 */

const MUTANTS = Number(process.env.PORTVAKT_FUZZ ?? 2000);
const SEED = Number(process.env.PORTVAKT_FUZZ_SEED ?? 1);

/** A hang is what takes longer, in milliseconds, and does so again: once may be the machine. Security §6 */
const HANG = 100;

type Chance = (below: number) => number;

function chance(seed: number): Chance {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** One to four changes: an octet changed, a piece cut out, doubled, moved, or made of something else. */
function mutate(source: Buffer, next: Chance): Buffer {
  let made = Buffer.from(source);
  for (let changes = 1 + next(4); changes > 0 && made.length > 0; changes--) {
    const [from, length] = [next(made.length), 1 + next(24)];
    const piece = made.subarray(from, from + length);
    const kind = next(6);
    if (kind <= 1) made[from] = (made[from] ?? 0) ^ (1 << next(8));
    else if (kind === 2) made[from] = [0x00, 0x7f, 0x80, 0xff, 0x30, 0x84][next(6)] ?? 0;
    else if (kind === 3) made = Buffer.concat([made.subarray(0, from), made.subarray(from + length)]);
    else if (kind === 4) made = Buffer.concat([made.subarray(0, from), piece, made.subarray(from)]);
    else
      made = Buffer.concat([
        made.subarray(0, from),
        Buffer.from(Array.from(piece, () => next(256))),
        made.subarray(from + length),
      ]);
  }
  return made;
}

/** With what is signed changed and signed again, so that what comes after the signature is reached. */
function resigned(source: Buffer, next: Chance): Buffer {
  const [tbs, algorithm] = readDer(source).children;
  if (!tbs || !algorithm) throw new Error('nothing that is signed');
  const changed = mutate(tbs.der, next);
  return sequence(changed, algorithm.der, bitString(sign('sha256', changed, issuing.key)));
}

const rich =
  withExtension(
    extension.of('2.5.29.32', sequence(sequence(Buffer.from('0603290102', 'hex')))),
    extension.of('1.2.3', Buffer.alloc(9)),
  )()[0] ?? valid;
const list = makeList(issuing, {
  revoked: Array.from({ length: 20 }, (_, n) =>
    revokedEntry(Buffer.from([0x40, n]), extension.of('2.5.29.21', Buffer.from([10, 1, 1]))),
  ),
});
const trust = createTrust([readCertificate(root.der)], [readCertificate(issuing.der)]);

/** The least time that some more rounds take, in milliseconds. */
function again(judge: () => unknown): number {
  const times = Array.from({ length: 5 }, () => {
    const begin = performance.now();
    attempt(judge);
    return performance.now() - begin;
  });
  return Math.min(...times);
}

const TARGETS: readonly (readonly [title: string, source: Buffer, judge: (der: Buffer) => unknown])[] = [
  ['a certificate', rich, (der) => validatePath([readCertificate(der)], trust, { now: NOW, ed25519: true })],
  ['a revocation list', list, (der) => openList(readCrl(der), question.issuer)],
  ['an answer of a responder', answer(), (der) => readStatus(der, question, NOW)],
];

for (const [title, source, judge] of TARGETS) {
  t.test(`G9 ${title} changed ${MUTANTS} times: no crash, no hang, nothing accepted that was not signed`, async (t) => {
    const next = chance(SEED);
    const rules = new Map<string, number>();
    let longest = 0;
    for (let number = 0; number < MUTANTS; number++) {
      const isSigned = number % 2 === 1 && title !== 'an answer of a responder';
      const mutant = isSigned ? resigned(source, next) : mutate(source, next);
      const begin = performance.now();
      const outcome = attempt(() => judge(mutant));
      const took = performance.now() - begin;
      longest = Math.max(longest, took < HANG ? took : again(() => judge(mutant)));
      const rule = outcome instanceof Refusal ? outcome.rule : 'accepted';
      rules.set(rule, (rules.get(rule) ?? 0) + 1);
      if (rule === 'accepted' && !isSigned && !mutant.equals(source))
        t.fail(`mutant ${number} is accepted: ${mutant.toString('hex')}`);
    }
    t.ok(longest < HANG, `the longest took ${longest.toFixed(1)} ms`);
    t.ok(rules.size > 3, [...rules].map(([rule, count]) => `${rule} ${count}`).join(', '));
  });
}
