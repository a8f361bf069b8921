import type { EpochSeconds } from '../../server/core/time.ts';
import { type Certificate, isKeyNamedBy } from './certificate.ts';
import type { Crl } from './crl.ts';
import { readRevoked } from './crl-entries.ts';
import { Refusal } from './refusal.ts';
import { hasSerial, type SerialTable } from './serial-table.ts';
import { assertSignatureAlgorithm, isSignedBy } from './signature.ts';

/** A revocation list that its issuer has signed, ready to be asked. */
export type RevocationList = Pick<Crl, 'issuer' | 'thisUpdate' | 'nextUpdate' | 'number' | 'scope'> & {
  readonly revoked: SerialTable;
};

/**
 * Verifies a list with the key of a certificate's issuer, and only then reads its entries. When it is good, and for which
 * certificates, is asked afterwards. `PV-SEC-053`
 * @throws {Refusal} naming the rule.
 */
export function openList(crl: Crl, issuer: Certificate): RevocationList {
  if (!crl.issuer.equals(issuer.subject.der)) throw new Refusal('crl_issuer', 'a list of another issuer');
  if (!isKeyNamedBy(crl.authorityKeyId, issuer)) throw new Refusal('crl_issuer', 'a list signed with another key of its issuer');
  if (issuer.extensions.keyUsage?.includes('cRLSign') === false)
    throw new Refusal('crl_issuer', 'an issuer whose key may not sign revocation lists');
  assertSignatureAlgorithm(crl);
  if (!isSignedBy(crl, issuer)) throw new Refusal('crl_issuer', 'a list with a wrong signature');
  return { ...detached(crl), revoked: readRevoked(crl.entries) };
}

/** Copies of the few octets that are kept: a part would keep the whole file, and a thread would hand over a copy of it. `PV-SEC-054` */
function detached({ issuer, thisUpdate, nextUpdate, number, scope: { names, ...scope } }: Crl): Omit<RevocationList, 'revoked'> {
  return {
    issuer: Buffer.from(issuer),
    thisUpdate,
    nextUpdate,
    number: Buffer.from(number),
    scope: { ...scope, ...(names && { names: names.map((name) => Buffer.from(name)) }) },
  };
}

/** Whether the list names the certificate, which its issuer has issued. On hold, and removed from a list, count as named. */
export function isListed({ revoked }: RevocationList, { serialNumber }: Certificate): boolean {
  return hasSerial(revoked, serialNumber);
}

/** The end of a list is the first second at which it is not fresh. @throws {Refusal} crl_not_fresh */
export function assertFresh({ thisUpdate, nextUpdate }: RevocationList, now: EpochSeconds): void {
  if (now < thisUpdate) throw new Refusal('crl_not_fresh', `begins in ${thisUpdate - now} s`);
  if (now >= nextUpdate) throw new Refusal('crl_not_fresh', `ended ${now - nextUpdate} s ago`);
}

/** Holds that a certificate which the list does not name is not revoked. RFC 5280 §6.3.3 (b) @throws {Refusal} crl_scope */
export function assertCovers({ scope }: RevocationList, { extensions }: Certificate): void {
  const { names, only, isPartial } = scope;
  if (isPartial) throw new Refusal('crl_scope', 'a delta, an indirect list, or one for some reasons alone');
  if (only !== undefined && (only === 'ca') !== extensions.isCa)
    throw new Refusal('crl_scope', `a list about ${only} certificates alone`);
  const isNamed = names?.some((name) => extensions.distributionPoints.some((point) => point.equals(name))) ?? true;
  if (!isNamed) throw new Refusal('crl_scope', 'a list for other distribution points');
}
