import { hash } from 'node:crypto';
import type { PlainGrant } from '../step.ts';

/** The form body that a client posts for a grant. Its signature is {@link mark}. */
export function bodyOf({ header, claims, signedBy }: PlainGrant): Uint8Array {
  const input = `${encoded(JSON.stringify(header))}.${encoded(JSON.stringify(claims))}`;
  const assertion = `${input}.${encoded(mark(header.alg, signedBy, input))}`;
  return Buffer.from(`grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=${assertion}`);
}

/** What stands for a signature: it says who made it, by what, over what. No key is secret here, and nobody has to be kept from forging. */
export function mark(alg: string, key: string, input: string): string {
  return `${alg} ${key} ${hash('sha256', input, 'base64url')}`;
}

function encoded(text: string): string {
  return Buffer.from(text).toString('base64url');
}
