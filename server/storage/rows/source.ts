import type { AltinnSource, LocalSource, Source } from '../../core/source.ts';

/** A source as the table holds it: what only one kind has is JSON. */
export type SourceRow = Pick<Source, 'name' | 'issuer' | 'active' | 'kind' | 'created' | 'lastUpdated'> & {
  readonly settings: string;
};

/** As the table holds it. */
export function toRow({ name, issuer, active, kind, created, lastUpdated, ...settings }: Source): SourceRow {
  return { name, issuer, active, kind, settings: JSON.stringify(settings), created, lastUpdated };
}

/** As {@link toRow} wrote it. */
export function fromRow({ settings, ...row }: SourceRow): Source {
  const own = { kind: row.kind, ...JSON.parse(settings) } as LocalSource | AltinnSource;
  return { ...row, ...own };
}
