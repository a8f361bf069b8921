import { type KeyObject, sign } from 'node:crypto';
import { readDer } from '../keys/x509/der.ts';
import { bitString, sequence } from '../test/keys/encode.ts';
import type { Chance } from './chance.ts';

/** Octets that mean something in DER: ends of ranges, a SEQUENCE, a long length. */
const TELLING = [0x00, 0x7f, 0x80, 0xff, 0x30, 0x84];

/** One to four changes: an octet changed, a piece cut out, doubled, or made of something else. */
export function mutate(source: Buffer, next: Chance): Buffer {
  let made = source;
  for (let changes = 1 + next(4); changes > 0 && made.length > 0; changes--) made = changed(made, next);
  return made;
}

function changed(source: Buffer, next: Chance): Buffer {
  const [from, length] = [next(source.length), 1 + next(24)];
  const [before, piece, after] = [source.subarray(0, from), source.subarray(from, from + length), source.subarray(from + length)];
  const kind = next(6);
  if (kind <= 1) return withOctet(source, from, (source[from] ?? 0) ^ (1 << next(8)));
  if (kind === 2) return withOctet(source, from, TELLING[next(TELLING.length)] ?? 0);
  if (kind === 3) return Buffer.concat([before, after]);
  if (kind === 4) return Buffer.concat([before, piece, piece, after]);
  return Buffer.concat([before, Buffer.from(Array.from(piece, () => next(256))), after]);
}

function withOctet(source: Buffer, place: number, octet: number): Buffer {
  const made = Buffer.from(source);
  made[place] = octet;
  return made;
}

/** Puts what was changed between the signed octets and their new signature, so that what comes after it is reached. SHA-256 */
export function signedAgain(source: Buffer, next: Chance, signer: KeyObject): Buffer {
  const [tbs, algorithm, , ...more] = readDer(source).children;
  if (!tbs || !algorithm) throw new Error('nothing that is signed');
  const made = mutateInside(tbs.der, next);
  return sequence(made, algorithm.der, bitString(sign('sha256', made, signer)), ...more.map(({ der }) => der));
}

/** Three times in four the lengths around one changed value are put right, as no reader gets further than a wrong length. */
function mutateInside(der: Buffer, next: Chance): Buffer {
  const value = readDer(der);
  if (next(4) === 0) return mutate(der, next);
  const way: number[] = [];
  for (let at = value; at.children.length > 0; ) {
    const place = next(at.children.length);
    way.push(place);
    const child = at.children[place];
    if (!child || next(4) === 0) break;
    at = child;
  }
  return rewritten(der, way, next);
}

/** The value at the end of the way is changed, left out, doubled, or exchanged with its neighbour. */
function rewritten(der: Buffer, [place, ...rest]: readonly number[], next: Chance): Buffer {
  const { tag, children } = readDer(der);
  const parts = children.map((child) => child.der);
  const part = place === undefined ? undefined : parts[place];
  if (place === undefined || !part) return mutate(der, next);
  const kind = rest.length > 0 ? 'inside' : (['inside', 'content', 'out', 'twice', 'exchanged'] as const)[next(5)];
  if (kind === 'inside') parts[place] = rest.length > 0 ? rewritten(part, rest, next) : mutate(part, next);
  if (kind === 'content') parts[place] = withLength(part[0] ?? 0, mutate(readDer(part).content, next));
  if (kind === 'out') parts.splice(place, 1);
  if (kind === 'twice') parts.splice(place, 0, part);
  if (kind === 'exchanged') parts.splice(place, 2, ...parts.slice(place, place + 2).reverse());
  return withLength(tag, Buffer.concat(parts));
}

function withLength(tag: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([tag]), sequence(content).subarray(1)]);
}
