import { Fault } from './fault.ts';
import type { JsonValue } from './strict-json.ts';

/** Most certificates in one `x5c`, and the largest of them in bytes of DER. `PV-SEC-040` */
const MAX_CERTIFICATES = 5;
const MAX_CERTIFICATE_BYTES = 8 * 1024;

/**
 * Reads the header `x5c`: standard base64 DER, leaf first. Spaces, tabs and line ends inside a string are dropped, because a
 * real client sends them; nothing else is repaired. Contract §1.3, `PV-SEC-040`
 * @returns the DER of each certificate; whether it is a certificate is not looked at.
 * @throws {Fault} MP-123
 */
export function readX5c(x5c: JsonValue): readonly Buffer[] {
  if (!Array.isArray(x5c) || x5c.length < 1 || x5c.length > MAX_CERTIFICATES) {
    throw new Fault('MP-123', {
      expected: `an array of 1 to ${MAX_CERTIFICATES} strings`,
      got: Array.isArray(x5c) ? `${x5c.length}` : typeof x5c,
    });
  }
  const chain = chains.get(x5c) ?? x5c.map(decodeCertificate);
  chains.set(x5c, chain);
  return chain;
}

/** What was read of the header of a client that is known: it is the same object each time. */
const chains = new WeakMap<readonly JsonValue[], readonly Buffer[]>();

function decodeCertificate(item: JsonValue): Buffer {
  if (typeof item !== 'string') throw new Fault('MP-123', { expected: 'strings', got: typeof item });
  const der = Buffer.from(item, 'base64');
  const canonical = der.toString('base64');
  const isCanonical = item === canonical || item.replace(/[ \t\r\n]/g, '') === canonical;
  if (der.length === 0 || der.length > MAX_CERTIFICATE_BYTES || !isCanonical) {
    throw new Fault('MP-123', { detail: 'not canonical base64, empty, or too large' });
  }
  return der;
}
