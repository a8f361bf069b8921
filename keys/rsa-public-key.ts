import { createPublicKey, type KeyObject } from 'node:crypto';

/**
 * An RSA public key ready for node:crypto. It is handed over as PEM text, because Node tells its other forms apart by errors that it
 * throws and catches, which costs three times the rest: much where every request is a new client's.
 * @param modulus unsigned octets, base64url. @param exponent likewise
 */
export function rsaPublicKey(modulus: string, exponent: string): KeyObject {
  const key = tagged(SEQUENCE, Buffer.concat([integer(modulus), integer(exponent)]));
  return createPublicKey(`-----BEGIN RSA PUBLIC KEY-----\n${key.toString('base64')}\n-----END RSA PUBLIC KEY-----\n`);
}

/** RFC 8017 A.1.1: RSAPublicKey is a SEQUENCE of two INTEGERs. */
const SEQUENCE = 0x30;
const INTEGER = 0x02;

/** With a zero in front where the first bit would make it negative. X.690 §8.3 */
function integer(number: string): Buffer {
  const octets = Buffer.from(number, 'base64url');
  return tagged(INTEGER, octets[0] !== undefined && octets[0] < 0x80 ? octets : Buffer.concat([Buffer.of(0), octets]));
}

/** X.690 §8.1.3: the length in one octet below 128, else in two behind their count. */
function tagged(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const head = length < 0x80 ? [tag, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), content]);
}
