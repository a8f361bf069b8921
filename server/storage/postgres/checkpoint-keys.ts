import type { CheckpointKey } from '../../core/audit.ts';
import type { Changes } from '../../core/ports.ts';
import type { Connection } from './database.ts';

/** The register of keys that have signed checkpoints of the audit, public side. */
export function checkpointKeys(connection: Connection): Changes['checkpointKeys'] {
  const list = connection.statement<[], Row>('SELECT kid, jwk, created FROM audit_keys ORDER BY created, kid');
  const put = connection.statement<[Row]>('INSERT INTO audit_keys (kid, jwk, created) VALUES (@kid, @jwk, @created)');
  return {
    list: async () => (await list.all()).map((row) => ({ ...row, jwk: JSON.parse(row.jwk) as CheckpointKey['jwk'] })),
    put: async (key) => void (await put.run({ ...key, jwk: JSON.stringify(key.jwk) })),
  };
}

type Row = Omit<CheckpointKey, 'jwk'> & { readonly jwk: string };
