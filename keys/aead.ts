import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/** Sizes of a nonce and a tag in bytes. NIST SP 800-38D §5.2.1 */
const NONCE = 12;
const TAG = 16;

/** Encrypts with AES-256-GCM under a fresh random nonce. @returns nonce, tag and text of the cipher, base64url */
export function encrypt(key: Uint8Array, plain: Uint8Array, associated: Uint8Array): string {
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(associated);
  const text = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64url');
}

/** What {@link encrypt} was given; undefined when a byte of it, of the key or of what it is bound to is another. */
export function decrypt(key: Uint8Array, sealed: string, associated: Uint8Array): Buffer | undefined {
  const bytes = Buffer.from(sealed, 'base64url');
  if (bytes.length < NONCE + TAG || bytes.toString('base64url') !== sealed) return undefined;
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE), { authTagLength: TAG });
  decipher.setAAD(associated).setAuthTag(bytes.subarray(NONCE, NONCE + TAG));
  const plain = decipher.update(bytes.subarray(NONCE + TAG));
  try {
    return Buffer.concat([plain, decipher.final()]);
  } catch {
    // Node says only that it does not authenticate.
    return undefined;
  }
}
