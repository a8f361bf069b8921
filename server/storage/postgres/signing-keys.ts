import type { Changes } from '../../core/ports.ts';
import { fromRow, type SigningKeyRow, toRow } from '../rows/signing-key.ts';
import type { Connection } from './database.ts';

/** The register of the server's own signing keys, public side. */
export function signingKeys(connection: Connection): Changes['signingKeys'] {
  const list = connection.statement<[], SigningKeyRow>(`
    SELECT kid, alg, jwk, created, state, published, activated, retired, removed FROM signing_keys ORDER BY created, kid`);
  const put = connection.statement<[SigningKeyRow]>(`
    INSERT INTO signing_keys (kid, alg, jwk, created, state, published, activated, retired, removed)
    VALUES (@kid, @alg, @jwk, @created, @state, @published, @activated, @retired, @removed)
    ON CONFLICT (kid) DO UPDATE SET alg = excluded.alg, jwk = excluded.jwk, created = excluded.created, state = excluded.state,
      published = excluded.published, activated = excluded.activated, retired = excluded.retired, removed = excluded.removed`);
  return {
    list: async () => (await list.all()).map(fromRow),
    put: async (key) => void (await put.run(toRow(key))),
  };
}
