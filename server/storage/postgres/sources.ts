import type { Changes } from '../../core/ports.ts';
import { fromRow, type SourceRow, toRow } from '../rows/source.ts';
import type { Connection } from './database.ts';

/** The register of sources; what only one kind has is kept as JSON. */
export function sources(connection: Connection): Changes['sources'] {
  const find = connection.statement<[name: string], SourceRow>(`${SELECT} WHERE name = $1`);
  const findByIssuer = connection.statement<[issuer: string], SourceRow>(`${SELECT} WHERE issuer = $1`);
  const list = connection.statement<[], SourceRow>(`${SELECT} ORDER BY name`);
  const put = connection.statement<[SourceRow]>(`
    INSERT INTO sources (name, issuer, active, kind, settings, created, last_updated)
    VALUES (@name, @issuer, @active, @kind, @settings, @created, @lastUpdated)
    ON CONFLICT (name) DO UPDATE SET
      issuer = excluded.issuer, active = excluded.active, kind = excluded.kind, settings = excluded.settings,
      created = excluded.created, last_updated = excluded.last_updated`);
  const remove = connection.statement<[name: string]>('DELETE FROM sources WHERE name = $1');
  const one = (row: SourceRow | undefined) => row && fromRow(row);
  return {
    find: async (name) => one(await find.get(name)),
    findByIssuer: async (issuer) => one(await findByIssuer.get(issuer)),
    list: async () => (await list.all()).map(fromRow),
    put: async (source) => void (await put.run(toRow(source))),
    remove: async (name) => void (await remove.run(name)),
  };
}

const SELECT = 'SELECT name, issuer, active, kind, settings, created, last_updated AS "lastUpdated" FROM sources';
