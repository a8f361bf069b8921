import type { PublicJwk } from '../../core/client.ts';
import type { SigningKeyRecord } from '../../core/ports.ts';

const MOMENTS = ['published', 'activated', 'retired', 'removed'] as const;
type Moment = (typeof MOMENTS)[number];

/** A signing key as the table holds it. */
export type SigningKeyRow = Omit<SigningKeyRecord, 'jwk' | Moment> & { readonly jwk: string } & Readonly<
    Record<Moment, number | null>
  >;

/** As the table holds it. */
export function toRow(key: SigningKeyRecord): SigningKeyRow {
  const { published = null, activated = null, retired = null, removed = null } = key;
  return { ...key, jwk: JSON.stringify(key.jwk), published, activated, retired, removed };
}

/** As {@link toRow} wrote it. */
export function fromRow({ kid, alg, jwk, created, state, ...moments }: SigningKeyRow): SigningKeyRecord {
  const known = MOMENTS.flatMap((name) => (moments[name] === null ? [] : [[name, moments[name]]]));
  return { kid, alg, jwk: JSON.parse(jwk) as PublicJwk, created, state, ...Object.fromEntries(known) };
}
