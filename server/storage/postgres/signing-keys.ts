import type { PublicJwk } from '../../core/client.ts';
import type { Changes, SigningKeyRecord } from '../../core/ports.ts';
import type { Connection } from './database.ts';

/** The register of the server's own signing keys, public side. */
export function signingKeys(connection: Connection): Changes['signingKeys'] {
  const list = connection.statement<[], Row>(`
    SELECT kid, alg, jwk, created, state, published, activated, retired, removed FROM signing_keys ORDER BY created, kid`);
  const put = connection.statement<[Row]>(`
    INSERT INTO signing_keys (kid, alg, jwk, created, state, published, activated, retired, removed)
    VALUES (@kid, @alg, @jwk, @created, @state, @published, @activated, @retired, @removed)
    ON CONFLICT (kid) DO UPDATE SET alg = excluded.alg, jwk = excluded.jwk, created = excluded.created, state = excluded.state,
      published = excluded.published, activated = excluded.activated, retired = excluded.retired, removed = excluded.removed`);
  return {
    list: async () => (await list.all()).map(toRecord),
    put: async ({ published = null, activated = null, retired = null, removed = null, ...key }) =>
      void (await put.run({ ...key, jwk: JSON.stringify(key.jwk), published, activated, retired, removed })),
  };
}

const MOMENTS = ['published', 'activated', 'retired', 'removed'] as const;
type Moment = (typeof MOMENTS)[number];

type Row = Omit<SigningKeyRecord, 'jwk' | Moment> & { readonly jwk: string } & Readonly<Record<Moment, number | null>>;

function toRecord({ kid, alg, jwk, created, state, ...moments }: Row): SigningKeyRecord {
  const known = MOMENTS.flatMap((name) => (moments[name] === null ? [] : [[name, moments[name]]]));
  return { kid, alg, jwk: JSON.parse(jwk) as PublicJwk, created, state, ...Object.fromEntries(known) };
}
