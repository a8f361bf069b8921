import type { Changes } from '../../core/ports.ts';
import type { Source } from '../../core/source.ts';
import { fromRow, type SourceRow, toRow } from '../rows/source.ts';
import type { Connection } from './database.ts';
import type { Numbered } from './truth.ts';

/** The register of sources; what only one kind has is kept as JSON. */
export function sources(connection: Connection): Changes['sources'] {
  const find = connection.statement<[name: string], Row>(`${SELECT} WHERE name = ?`);
  const findByIssuer = connection.statement<[issuer: string], Row>(`${SELECT} WHERE issuer = ?`);
  const list = connection.statement<[], Row>(`${SELECT} ORDER BY name`);
  const put = connection.statement<[Row]>(`
    INSERT INTO sources (name, issuer, active, kind, settings, created, last_updated)
    VALUES (@name, @issuer, @active, @kind, @settings, @created, @lastUpdated)
    ON CONFLICT (name) DO UPDATE SET
      issuer = excluded.issuer, active = excluded.active, kind = excluded.kind, settings = excluded.settings,
      created = excluded.created, last_updated = excluded.last_updated`);
  const remove = connection.statement<[name: string]>('DELETE FROM sources WHERE name = ?');
  const one = (row: Row | undefined) => row && toSource(row);
  return {
    find: async (name) => one(find.get(name)),
    findByIssuer: async (issuer) => one(findByIssuer.get(issuer)),
    list: async () => list.all().map(toSource),
    put: async (source) => void put.run({ ...toRow(source), active: Number(source.active) }),
    remove: async (name) => void remove.run(name),
  };
}

const SELECT = 'SELECT name, issuer, active, kind, settings, created, last_updated AS lastUpdated FROM sources';

type Row = Numbered<SourceRow, 'active'>;

function toSource(row: Row): Source {
  return fromRow({ ...row, active: row.active === 1 });
}
