import { isUtf8 } from 'node:buffer';
import { Refusal } from './refusal.ts';

/** Identifier octets of the types that certificates are made of. X.690 §8.1.2 */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  numericString: 0x12,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  visibleString: 0x1a,
  universalString: 0x1c,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

/** The identifier octet of `[number]`: for a primitive value, or one that holds values. */
export const contextTag = (number: number): number => 0x80 | number;
export const contextTagHolding = (number: number): number => 0xa0 | number;

/** A value with its header. Its octets are those that were read, never a re-encoding: signatures are verified over them. */
export class DerValue {
  /** The identifier octet: class, constructed bit and number. */
  readonly tag: number;
  /** The values inside a constructed one, in order. */
  readonly children: readonly DerValue[];
  /** Where the value ends in what was read. */
  readonly end: number;
  readonly #source: Buffer;
  readonly #start: number;
  readonly #content: number;

  constructor(source: Buffer, place: { start: number; content: number; end: number }, children: readonly DerValue[]) {
    this.#source = source;
    this.#start = place.start;
    this.#content = place.content;
    this.end = place.end;
    this.tag = source[place.start] ?? 0;
    this.children = children;
  }

  /** The whole encoding, header included. */
  get der(): Buffer {
    return this.#source.subarray(this.#start, this.end);
  }

  get content(): Buffer {
    return this.#source.subarray(this.#content, this.end);
  }
}

/** Nothing in X.509 nests deeper than about ten. */
const MAX_DEPTH = 16;

/**
 * Reads exactly one value, in the one way DER has to write it: definite minimal lengths, minimal integers, booleans 00 or FF,
 * zero padding bits, tag numbers below 31, object identifiers of at most 10 octets an arc, well-formed text, and nothing after
 * a value at any level. The time it takes grows with the octets alone. X.690 §10 and §11, `PV-SEC-039`
 * @throws {Refusal} der
 */
export function readDer(bytes: Buffer): DerValue {
  const value = readValue(bytes, { start: 0, limit: bytes.length, depth: 0 });
  if (value.end !== bytes.length) throw malformed('octets after the value');
  return value;
}

/** The members of a constructed value, taken one by one in the order of its ASN.1 type. */
export class Members {
  readonly #values: readonly DerValue[];
  #next = 0;

  /** @throws {Refusal} structure, when the value is of another type. */
  constructor(value: DerValue, tag: number = TAG.sequence) {
    if (value.tag !== tag) throw new Refusal('structure', `type ${value.tag}, not ${tag}`);
    this.#values = value.children;
  }

  /** @throws {Refusal} structure, when the next member is missing or of another type. */
  take(tag: number): DerValue {
    const value = this.takeIf(tag);
    if (!value) throw new Refusal('structure', `type ${this.#values[this.#next]?.tag ?? 'none'}, not ${tag}`);
    return value;
  }

  /** The next member, if it is of this type. */
  takeIf(tag: number): DerValue | undefined {
    const value = this.#values[this.#next];
    if (value?.tag !== tag) return undefined;
    this.#next++;
    return value;
  }

  /** The next member, whatever its type. */
  takeAny(): DerValue | undefined {
    return this.#values[this.#next++];
  }

  /** @throws {Refusal} structure, when a member is left. */
  end(): void {
    if (this.#next < this.#values.length) throw new Refusal('structure', `type ${this.#values[this.#next]?.tag} is left over`);
  }
}

/** The items of a `SEQUENCE OF` or `SET OF` with at least one item. @throws {Refusal} structure */
export function items(value: DerValue, tag: number = TAG.sequence): readonly DerValue[] {
  if (value.tag !== tag || value.children.length === 0) throw new Refusal('structure', 'an empty list, or none');
  return value.children;
}

/** An object identifier in dotted form. */
export function readOid(value: DerValue): string {
  if (value.tag !== TAG.oid) throw new Refusal('structure', `type ${value.tag}, not an object identifier`);
  const arcs: bigint[] = [];
  let arc = 0n;
  for (const octet of value.content) {
    arc = (arc << 7n) | BigInt(octet & 0x7f);
    if (octet & 0x80) continue;
    arcs.push(arc);
    arc = 0n;
  }
  const [first = 0n, ...others] = arcs;
  const root = first < 80n ? first / 40n : 2n;
  return [root, first - root * 40n, ...others].join('.');
}

/** The octets of a BIT STRING that holds whole octets: a signature or a key. @throws {Refusal} structure */
export function wholeOctets(value: DerValue): Buffer {
  if (value.tag !== TAG.bitString || value.content[0] !== 0) throw new Refusal('structure', 'a bit string of broken octets');
  return value.content.subarray(1);
}

/** The octets of an INTEGER above zero, without the sign's leading zero. @throws {Refusal} structure */
export function positiveInteger(value: DerValue): Buffer {
  const { tag, content } = value;
  const [first = 0] = content;
  if (tag !== TAG.integer || first & 0x80 || (first === 0 && content.length === 1)) {
    throw new Refusal('structure', 'no integer above zero');
  }
  return first === 0 ? content.subarray(1) : content;
}

/** A small INTEGER, zero or above. @throws {Refusal} structure */
export function smallInteger(value: DerValue): number {
  const { tag, content } = value;
  if (tag !== TAG.integer || content.length > 4 || (content[0] ?? 0) & 0x80) {
    throw new Refusal('structure', 'no integer from zero to 2^31');
  }
  return content.readUIntBE(0, content.length);
}

type Place = { readonly start: number; readonly limit: number; readonly depth: number };

function readValue(source: Buffer, { start, limit, depth }: Place): DerValue {
  if (depth > MAX_DEPTH) throw malformed(`deeper than ${MAX_DEPTH}`);
  const { content, end } = readHeader(source, start, limit);
  const tag = source[start] ?? 0;
  if (!isConstructed(tag)) {
    if (!isWellWritten(tag, source.subarray(content, end))) throw malformed(`a value of type ${tag}`);
    return new DerValue(source, { start, content, end }, []);
  }
  const children: DerValue[] = [];
  for (let at = content; at < end; ) {
    const child = readValue(source, { start: at, limit: end, depth: depth + 1 });
    children.push(child);
    at = child.end;
  }
  return new DerValue(source, { start, content, end }, children);
}

/**
 * Where the value that begins at `start` has its content, and where it ends: at `limit` at the latest. X.690 §8.1.2, §8.1.3, §10.1
 * @throws {Refusal} der
 */
export function readHeader(source: Buffer, start: number, limit: number): { content: number; end: number } {
  if (start + 2 > limit) throw malformed('cut off in a header');
  const first = source[start + 1] ?? 0;
  const octets = first < 0x80 ? 0 : first & 0x7f;
  const content = start + 2 + octets;
  if (octets > 4 || first === 0x80 || content > limit) throw malformed('an indefinite or oversized length');
  const length = octets === 0 ? first : source.readUIntBE(start + 2, octets);
  const isMinimal = octets === 0 || (length >= 0x80 && length >= 2 ** (8 * (octets - 1)));
  if (!isMinimal) throw malformed('a length that is not minimal');
  if (length > limit - content) throw malformed('cut off in a value');
  return { content, end: content + length };
}

/** Universal types are constructed exactly where DER wants them so; of the other classes X.509 uses the context's alone. */
function isConstructed(tag: number): boolean {
  if ((tag & 0x1f) === 0x1f) throw malformed('a tag number above 30');
  switch (tag & 0xc0) {
    case 0x00:
      return tag === TAG.sequence || tag === TAG.set;
    case 0x80:
      return (tag & 0x20) !== 0;
    default:
      throw malformed('a tag of the application or private class');
  }
}

/** Whether the content of a primitive value is the one way to write it. An unknown universal type never is. */
function isWellWritten(tag: number, content: Buffer): boolean {
  if ((tag & 0xc0) === 0x80) return true;
  switch (tag) {
    case TAG.boolean:
      return content.length === 1 && (content[0] === 0x00 || content[0] === 0xff);
    case TAG.integer:
    case TAG.enumerated:
      return isMinimalInteger(content);
    case TAG.bitString:
      return hasZeroPadding(content);
    case TAG.octetString:
    case TAG.teletexString:
      return true;
    case TAG.null:
      return content.length === 0;
    case TAG.oid:
      return isObjectIdentifier(content);
    default:
      return isText(tag, content);
  }
}

/** X.690 §8.3.2: the first nine bits are neither all zero nor all one. */
function isMinimalInteger(content: Buffer): boolean {
  const [first = 0, second = 0] = content;
  if (content.length < 2) return content.length === 1;
  return !((first === 0x00 && second < 0x80) || (first === 0xff && second >= 0x80));
}

/** X.690 §11.2.1: at most seven unused bits, all zero, and none in an empty string. */
function hasZeroPadding(content: Buffer): boolean {
  const [unused = 8] = content;
  if (content.length < 2) return unused === 0;
  return unused < 8 && ((content.at(-1) ?? 0) & ((1 << unused) - 1)) === 0;
}

/** X.690 §8.19: each arc minimal and ended; at most ten octets an arc. */
function isObjectIdentifier(content: Buffer): boolean {
  let octets = 0;
  for (const octet of content) {
    if ((octets === 0 && octet === 0x80) || ++octets > 10) return false;
    if (octet < 0x80) octets = 0;
  }
  return content.length > 0 && octets === 0;
}

/** A PrintableString may hold `&` and `*`, too, as Go's reader allows: issuers write them, and names compare by their octets. */
const PRINTABLE = /^[A-Za-z0-9 '()+,\-./:=?&*]*$/;

function isText(tag: number, content: Buffer): boolean {
  switch (tag) {
    case TAG.utf8String:
      return isUtf8(content);
    case TAG.printableString:
      return PRINTABLE.test(content.toString('latin1'));
    case TAG.numericString:
      return /^[0-9 ]*$/.test(content.toString('latin1'));
    case TAG.ia5String:
      return content.every((octet) => octet < 0x80);
    case TAG.visibleString:
    case TAG.utcTime:
    case TAG.generalizedTime:
      return content.every((octet) => octet >= 0x20 && octet < 0x7f);
    case TAG.bmpString:
      return content.length % 2 === 0;
    case TAG.universalString:
      return content.length % 4 === 0;
    default:
      return false;
  }
}

function malformed(met: string): Refusal {
  return new Refusal('der', met);
}
