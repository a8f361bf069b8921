import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { createChainJudge } from '../../keys/x509/offline.ts';
import { attempt, Refusal } from '../../keys/x509/refusal.ts';
import { integer, NULL, sequence, tlv } from './encode.ts';
import { type Authority, crlNumber, DAY, extension, key, type ListOrder, makeLeaf, makeList, NOW, revokedEntry } from './pki.ts';
import { issuing, root } from './refuses.ts';

/** Revocation lists made by chance, through our rules and through `openssl verify -crl_check_all`: what it refuses we never accept. */

const CASES = 120;

function chance(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const serial = Buffer.from([0x5e, 0x71]);
const leaf = makeLeaf(issuing, { serialNumber: tlv(0x02, serial) });
const others = Array.from({ length: 5 }, (_, n) => revokedEntry(Buffer.from([0x40, n])));
const scope = (...members: readonly Buffer[]): ListOrder => ({ more: [extension.of('2.5.29.28', sequence(...members), true)] });
const TRUE = Buffer.from([0xff]);

/** What may be the matter with one list. */
const KINDS: Readonly<Record<string, ListOrder | 'absent' | 'cut off' | 'changed'>> = {
  good: { revoked: others },
  'without entries': {},
  'naming the leaf': { revoked: [...others, revokedEntry(serial)] },
  'naming the leaf on hold': { revoked: [revokedEntry(serial, extension.of('2.5.29.21', tlv(0x0a, Buffer.from([6]))))] },
  ended: { nextUpdate: NOW - 1 },
  'not begun': { thisUpdate: NOW + DAY },
  'of a forger': { signer: key('forger'), extensions: [crlNumber(1)] },
  'with a wrong digest': { digest: 'sha384' },
  'with an unknown critical extension': { more: [extension.of('1.2.3', NULL, true)] },
  'with an unknown extension': { more: [extension.of('1.2.3', NULL)] },
  'of changes': { more: [extension.of('2.5.29.27', integer(1), true)] },
  'of end entities': scope(tlv(0x81, TRUE)),
  'of CAs': scope(tlv(0x82, TRUE)),
  'of attribute certificates': scope(tlv(0x85, TRUE)),
  indirect: scope(tlv(0x84, TRUE)),
  'for some reasons': scope(tlv(0x83, Buffer.from([6, 0x40]))),
  'of another point': scope(tlv(0xa0, tlv(0xa0, tlv(0x86, Buffer.from('http://a.example.no/'))))),
  absent: 'absent',
  'cut off': 'cut off',
  changed: 'changed',
};

function make(above: Authority, kind: string, next: (below: number) => number): readonly Buffer[] {
  const order = KINDS[kind];
  if (order === 'absent' || order === undefined) return [];
  const list = makeList(above, typeof order === 'string' ? {} : order);
  if (order === 'cut off') return [list.subarray(0, next(list.length))];
  const changed = Buffer.from(list);
  const place = next(list.length);
  if (order === 'changed') changed[place] = (changed[place] ?? 0) ^ (1 << next(8));
  return [changed];
}

type Case = { readonly title: string; readonly lists: readonly Buffer[] };

/** Two cases in three have a good list for the root, so that the issuing CA's decides. */
function makeCase(number: number): Case {
  const next = chance(number + 1);
  const kinds = Object.keys(KINDS);
  const pick = () => kinds[next(kinds.length)] ?? 'good';
  const [roots, own] = [next(3) === 0 ? pick() : 'good', next(4) === 0 ? 'good' : pick()];
  const lists = [...make(root, roots, next), ...make(issuing, own, next)];
  return { title: `lists ${number}: the root's ${roots}, the issuing CA's ${own}`, lists };
}

const pem = (der: Buffer, label = 'CERTIFICATE'): string =>
  `-----BEGIN ${label}-----\n${der.toString('base64').replace(/.{64}(?=.)/g, '$&\n')}\n-----END ${label}-----\n`;

const isInstalled = spawnSync('openssl', ['version']).error === undefined;
const skip = isInstalled ? false : 'the openssl command is not installed';

t.test(`security §1 (6) of ${CASES} sets of lists none is enough for us that OpenSSL refuses`, { skip }, async (t) => {
  const folder = t.testdir();
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const files = [
    ...['-CAfile', file('root.pem', pem(root.der)), '-no-CApath', '-no-CAstore'],
    ...['-untrusted', file('issuing.pem', pem(issuing.der))],
  ];
  const leafFile = file('leaf.pem', pem(leaf));
  const judge = createChainJudge();
  const counts = { both: 0, neither: 0, ours: 0 };
  for (let number = 0; number < CASES; number++) {
    const { title, lists } = makeCase(number);
    const crls = lists.length === 0 ? [Buffer.from('none')] : lists;
    const outcome = attempt(() => judge({ chain: [leaf, issuing.der], trust: [root.der], untrusted: [], crls, at: NOW }));
    const listFile =
      lists.length === 0 ? [] : ['-CRLfile', file('lists.pem', lists.map((list) => pem(list, 'X509 CRL')).join(''))];
    const theirs =
      spawnSync('openssl', ['verify', '-attime', `${NOW}`, '-crl_check_all', ...files, ...listFile, leafFile]).status === 0;
    const isOurs = !(outcome instanceof Refusal);
    if (isOurs && !theirs) t.fail(`${title} is accepted, and OpenSSL refuses it`);
    counts[isOurs ? 'both' : theirs ? 'ours' : 'neither']++;
  }
  t.comment(`${counts.both} accepted by both, ${counts.neither} refused by both, ${counts.ours} refused by us alone`);
  t.ok(counts.both > 10 && counts.neither > 10, 'enough of either kind');
});
