import { integer, NULL, sequence, tlv } from '../test/keys/encode.ts';
import {
  type Authority,
  crlNumber,
  DAY,
  extension,
  key,
  type ListOrder,
  makeLeaf,
  makeList,
  NOW,
  revokedEntry,
} from '../test/keys/pki.ts';
import { issuing, root } from '../test/keys/valid-chain.ts';
import { type Chance, chanceOf, pick } from './chance.ts';
import { signedAgain } from './mutate.ts';

const serial = Buffer.from([0x5e, 0x71]);

/** The certificate that the lists are asked about. */
const leaf = makeLeaf(issuing, { serialNumber: tlv(0x02, serial) });

/** A chain of a leaf and an issuing CA, lists for it, and what is the matter with them. */
export type MadeLists = { readonly title: string; readonly sent: readonly Buffer[]; readonly lists: readonly Buffer[] };

/** Two cases in three have a good list for the root, so that the issuing CA's decides. */
export function makeLists(seed: number, number: number): MadeLists {
  const next = chanceOf(seed, number);
  const kinds = Object.keys(KINDS);
  const [roots, own] = [next(3) === 0 ? pick(kinds, next) : 'good', next(4) === 0 ? 'good' : pick(kinds, next)];
  const lists = [...make(root, roots, next), ...make(issuing, own, next)];
  return { title: `lists ${number}: the root's ${roots}, the issuing CA's ${own}`, sent: [leaf, issuing.der], lists };
}

const others = Array.from({ length: 5 }, (_, n) => revokedEntry(Buffer.from([0x40, n])));
const scope = (...members: readonly Buffer[]): ListOrder => ({ more: [extension.of('2.5.29.28', sequence(...members), true)] });
const TRUE = Buffer.from([0xff]);

/** What may be the matter with one list. */
const KINDS: Readonly<Record<string, ListOrder | 'absent' | 'cut off' | 'changed' | 'signed again'>> = {
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
  'changed and signed again': 'signed again',
};

function make(above: Authority, kind: string, next: Chance): readonly Buffer[] {
  const order = KINDS[kind];
  if (order === 'absent' || order === undefined) return [];
  const list = makeList(above, typeof order === 'string' ? { revoked: others } : order);
  if (order === 'signed again') return [signedAgain(list, next, above.key)];
  if (order === 'cut off') return [list.subarray(0, next(list.length))];
  if (order !== 'changed') return [list];
  const changed = Buffer.from(list);
  const place = next(list.length);
  changed[place] = (changed[place] ?? 0) ^ (1 << next(8));
  return [changed];
}
