/** Longest address that is kept, and most lists of one CA. */
const MAX_LENGTH = 2048;
export const MAX_LISTS = 16;

/**
 * Whether the text can be the address of a revocation list or of a responder: http or https, without user, password and fragment.
 * RFC 5280 §4.2.1.13, `PV-SEC-054`
 */
export function isRevocationAddress(text: string): boolean {
  if (text.length > MAX_LENGTH || !/^https?:\/\/[\x21\x24-\x5b\x5d-\x7e]+$/.test(text) || !URL.canParse(text)) return false;
  const { username, password, hostname } = new URL(text);
  return username === '' && password === '' && hostname !== '';
}
