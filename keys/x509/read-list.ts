import { readFileSync } from 'node:fs';
import { readCertificate } from './certificate.ts';
import { readCrl } from './crl.ts';
import { openList, type RevocationList } from './revocation-list.ts';

/**
 * Reads and verifies the file of a revocation list, holding up everything else meanwhile.
 * @param issuer DER of the certificate whose key has to have signed it.
 * @throws {Refusal} naming the rule, or the system's own error when the file cannot be read.
 */
export function readList(file: string, issuer: Uint8Array): RevocationList {
  return openList(readCrl(readFileSync(file)), readCertificate(issuer));
}
