/** Writes DER by hand, well-formed or not: what no certificate library would agree to make. */

/** A value of a type, its length in as few octets as it needs. */
export function tlv(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  return Buffer.concat([Buffer.from([tag]), lengthOf(body.length), body]);
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const hex = length.toString(16);
  const octets = Buffer.from(hex.length % 2 ? `0${hex}` : hex, 'hex');
  return Buffer.concat([Buffer.from([0x80 | octets.length]), octets]);
}

export const sequence = (...values: readonly Uint8Array[]): Buffer => tlv(0x30, ...values);
export const set = (...values: readonly Uint8Array[]): Buffer => tlv(0x31, ...values);
export const octetString = (content: Uint8Array): Buffer => tlv(0x04, content);
export const bitString = (content: Uint8Array, unused = 0): Buffer => tlv(0x03, Buffer.from([unused]), content);
export const boolean = (value: boolean): Buffer => tlv(0x01, Buffer.from([value ? 0xff : 0x00]));
export const utf8 = (text: string): Buffer => tlv(0x0c, Buffer.from(text));
export const printable = (text: string): Buffer => tlv(0x13, Buffer.from(text, 'latin1'));
export const NULL = tlv(0x05);

/** A non-negative integer, minimal. */
export function integer(value: bigint | number): Buffer {
  const hex = value.toString(16);
  const octets = Buffer.from(hex.length % 2 ? `0${hex}` : hex, 'hex');
  return tlv(0x02, (octets[0] ?? 0) & 0x80 ? Buffer.from([0]) : Buffer.alloc(0), octets);
}

/** An object identifier from its dotted form. */
export function oid(dotted: string): Buffer {
  const [first = 0n, second = 0n, ...arcs] = dotted.split('.').map(BigInt);
  return tlv(0x06, ...[first * 40n + second, ...arcs].map(base128));
}

function base128(arc: bigint): Buffer {
  const octets = [Number(arc & 0x7fn)];
  for (let rest = arc >> 7n; rest > 0n; rest >>= 7n) octets.unshift(Number(rest & 0x7fn) | 0x80);
  return Buffer.from(octets);
}

/** A date as issuers must write it: UTCTime up to 2049, GeneralizedTime after. RFC 5280 §4.1.2.5 */
export function time(epochSeconds: number): Buffer {
  const digits = new Date(epochSeconds * 1000).toISOString().replace(/[-:T]|\.000/g, '');
  return digits < '2050' ? tlv(0x17, Buffer.from(digits.slice(2))) : tlv(0x18, Buffer.from(digits));
}
