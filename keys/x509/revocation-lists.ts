import { createHash } from 'node:crypto';
import type { EpochSeconds } from '../../server/core/time.ts';
import type { Certificate } from './certificate.ts';
import { attempt, Refusal } from './refusal.ts';
import type { Revocable } from './revocation.ts';
import { assertCovers, assertFresh, isListed, type RevocationList } from './revocation-list.ts';

/** A CA whose lists are kept, and where they are found. */
export type ListSource = { readonly issuer: Certificate; readonly url: string };

/** What a source is known by, on the disk too: the CA's name and key, and the address, as 64 hex digits. */
export function sourceKey({ issuer, url }: ListSource): string {
  const hash = createHash('sha256');
  for (const part of [issuer.subject.der, issuer.publicKey.der, Buffer.from(url)]) hash.update(`${part.length}:`).update(part);
  return hash.digest('hex');
}

/** The revocation lists at hand, verified, by the CA and the address that they come from. */
export class RevocationLists {
  readonly #lists = new Map<string, { readonly issuer: Certificate; readonly list: RevocationList }>();
  readonly #onChange: (() => void)[] = [];
  #sources: readonly ListSource[] = [];

  /** Where lists are found. */
  get sources(): readonly ListSource[] {
    return this.#sources;
  }

  /** Looks after these sources from now on: lists of others are forgotten. */
  follow(sources: readonly ListSource[]): void {
    this.#sources = sources;
    const followed = new Set(sources.map(sourceKey));
    for (const key of this.#lists.keys()) if (!followed.has(key)) this.#lists.delete(key);
  }

  /** The list of an address, while it is kept for this CA. */
  of(source: ListSource): RevocationList | undefined {
    return this.#lists.get(sourceKey(source))?.list;
  }

  /**
   * Keeps a list in place of the one before it: from now on nothing else counts. One of a CA that is followed no longer is let go.
   * @throws {Refusal} crl_number, when it is older than that
   */
  keep(source: ListSource, list: RevocationList): void {
    const before = this.of(source);
    if (before && compareNumbers(list.number, before.number) < 0) throw new Refusal('crl_number', 'a lower one than the last');
    const key = sourceKey(source);
    if (!this.#sources.some((followed) => sourceKey(followed) === key)) return;
    this.#lists.set(key, { issuer: source.issuer, list });
    if (before && isSameIssue(before, list)) return;
    for (const tell of this.#onChange) tell();
  }

  /** Calls back whenever a verdict that was reached before may be wrong. `PV-SEC-057` */
  onChange(tell: () => void): void {
    this.#onChange.push(tell);
  }

  /**
   * What the lists say of one certificate. One that names it is enough, also when it has ended.
   * @param grace how long after its end, in seconds, a list still counts.
   * @returns the last moment at which the answer is good.
   * @throws {Refusal} revoked; revocation, when no list answers
   */
  answer({ certificate, place, issuers }: Revocable, grace: number, now: EpochSeconds): EpochSeconds {
    const lists = [...this.#lists.values()].filter(({ issuer }) => issuers.some((one) => isSameAuthority(one, issuer)));
    if (lists.some(({ list }) => isListed(list, certificate))) throw new Refusal('revoked', `certificate ${place + 1}`);
    let why = 'no list of its issuer';
    for (const { list } of lists) {
      const counting = { ...list, nextUpdate: list.nextUpdate + grace };
      const refusal = attempt(() => {
        assertFresh(counting, now);
        assertCovers(counting, certificate);
      });
      if (!(refusal instanceof Refusal)) return counting.nextUpdate - 1;
      why = refusal.message;
    }
    throw new Refusal('revocation', `certificate ${place + 1}: ${why}`);
  }
}

/** By name and key: a CA may have several certificates. */
export function isSameAuthority(one: Certificate, other: Certificate): boolean {
  return one.subject.der.equals(other.subject.der) && one.publicKey.der.equals(other.publicKey.der);
}

/** Whether a list says nothing that the one before it did not, so that no verdict changes. */
function isSameIssue(one: RevocationList, other: RevocationList): boolean {
  const isAsLong = one.thisUpdate === other.thisUpdate && one.nextUpdate === other.nextUpdate;
  return isAsLong && one.number.equals(other.number) && one.revoked.count === other.revoked.count;
}

/** Unsigned octets without leading zeros. */
function compareNumbers(one: Buffer, other: Buffer): number {
  return one.length - other.length || Buffer.compare(one, other);
}
