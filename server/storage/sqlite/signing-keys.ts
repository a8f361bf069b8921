import type { PublicJwk } from '../../core/client.ts';
import type { Changes, SigningKeyRecord } from '../../core/ports.ts';
import type { Connection } from './database.ts';

/** The register of the server's own signing keys, public side. */
export function signingKeys(connection: Connection): Changes['signingKeys'] {
  const list = connection.statement<[], Row>('SELECT kid, alg, jwk, created FROM signing_keys ORDER BY created, kid');
  const put = connection.statement<[Row]>(`
    INSERT INTO signing_keys (kid, alg, jwk, created) VALUES (@kid, @alg, @jwk, @created)
    ON CONFLICT (kid) DO UPDATE SET alg = excluded.alg, jwk = excluded.jwk, created = excluded.created`);
  return {
    list: async () => list.all().map((row) => ({ ...row, jwk: JSON.parse(row.jwk) as PublicJwk })),
    put: async (key) => void put.run({ ...key, jwk: JSON.stringify(key.jwk) }),
  };
}

type Row = Omit<SigningKeyRecord, 'jwk'> & { readonly jwk: string };
