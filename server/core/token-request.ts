import { Fault } from './fault.ts';

/** The grant that Portvakt serves. RFC 7523 §2.1 */
export const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

/** What a token request's form asks for. */
export type TokenRequest = { readonly assertion: string };

/**
 * Reads the form body of a token request. Our own parser, because it refuses what it cannot read: bad percent-encoding, text that
 * is not UTF-8, and a name that occurs twice, known or not, whatever its value. Other names are ignored.
 * RFC 6749 §3.2, RFC 7523 §2.1, `PV-SEC-060`, `PV-SEC-061`
 * @param body the body's bytes, already bounded.
 * @throws {Fault} PV-010, PV-013
 */
export function parseTokenRequest(body: Uint8Array): TokenRequest {
  const fields = parseForm(body);
  const grantType = required(fields, 'grant_type');
  const assertion = required(fields, 'assertion');
  if (grantType !== JWT_BEARER) throw new Fault('PV-013', { expected: `grant_type ${JWT_BEARER}` });
  return { assertion };
}

function required(fields: ReadonlyMap<string, string>, name: string): string {
  const value = fields.get(name);
  if (value === undefined || value === '') throw malformed(`${name} is ${value === '' ? 'empty' : 'missing'}`);
  return value;
}

function parseForm(body: Uint8Array): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('latin1');
  for (const pair of text.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = decode(equals < 0 ? pair : pair.slice(0, equals));
    if (fields.has(name)) throw malformed('a field occurs twice');
    fields.set(name, equals < 0 ? '' : decode(pair.slice(equals + 1)));
  }
  return fields;
}

/** What stands for itself; an assertion holds nothing else. */
const PLAIN = /^[A-Za-z0-9._~-]*$/;

/** Octets outside ASCII must be percent-encoded; what they decode to must be UTF-8. */
function decode(text: string): string {
  if (PLAIN.test(text)) return text;
  if (/[\x80-\xff]/.test(text)) throw malformed('an octet outside ASCII');
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch (cause) {
    throw new Fault('PV-010', { detail: 'bad percent-encoding', cause });
  }
}

function malformed(detail: string): Fault {
  return new Fault('PV-010', { detail });
}
