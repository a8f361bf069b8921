import { describeSqlite, isServed, type StoreStatus } from '../../server/storage/upkeep.ts';
import { Failure } from '../failure.ts';
import { rfc3339 } from '../moment.ts';
import type { View } from '../output.ts';
import type { Terminal } from '../terminal.ts';
import { storeHere } from './here.ts';
import { databaseStatus } from './run-postgres.ts';

export type StatusOptions = { readonly config?: string };

type Status = Omit<StoreStatus, 'replay_floor' | 'last_backup'> & {
  readonly database: string;
  /** Whether a server runs on it. */
  readonly served: boolean;
  readonly integrity: 'ok' | 'damaged';
  /** Assertions that were issued earlier, or end within a span, are refused; null: none are. */
  readonly replay_floor: { readonly issued_from: string | null; readonly forgotten: readonly Span[] } | null;
  readonly last_backup: { readonly at: string; readonly sha256: string } | null;
};

/** Tells how the store is, and changes nothing. @throws {Failure} `unhealthy` when it is damaged */
export async function status({ config }: StatusOptions, terminal: Terminal): Promise<void> {
  const { dataDir, database, store } = await storeHere(config);
  if (store) return databaseStatus(store, terminal);
  const { replay_floor: floor, last_backup: last, ...found } = describeSqlite(database);
  const isSound = found.flaws.length === 0;
  const answer: Status = {
    ...{ database, served: isServed(dataDir), integrity: isSound ? 'ok' : 'damaged', ...found },
    replay_floor: floor ? told(floor) : null,
    last_backup: last ? { at: rfc3339(last.at), sha256: last.digest } : null,
  };
  await terminal.answer(answer, view);
  if (!isSound)
    throw new Failure('unhealthy', `the database is damaged: ${found.flaws.slice(0, 3).join('; ')}`, {
      fix: 'stop the server, and restore a backup: portvakt db restore',
    });
}

type Span = { readonly since: string; readonly until: string };

function told({ issued_from, forgotten }: NonNullable<StoreStatus['replay_floor']>): NonNullable<Status['replay_floor']> {
  return {
    issued_from: issued_from === 0 ? null : rfc3339(issued_from),
    forgotten: forgotten.map(({ since, until }) => ({ since: rfc3339(since), until: rfc3339(until) })),
  };
}

const view: View<Status> = {
  fields: [
    { name: 'database' },
    { name: 'served', text: ({ served }) => (served ? 'by a server' : 'no') },
    { name: 'integrity' },
    { name: 'schema', text: ({ schema, pending }) => `${schema}${pending.length > 0 ? `, pending: ${pending.join(', ')}` : ''}` },
    { name: 'bytes' },
    { name: 'log_bytes' },
    { name: 'pages', wide: true },
    { name: 'free_pages', wide: true },
    { name: 'spent_assertions' },
    {
      name: 'audit',
      text: ({ audit }) => `${audit.last_sequence} records, ${audit.chains} chains, checkpoint ${audit.last_checkpoint}`,
    },
    {
      name: 'replay_floor',
      text: ({ replay_floor: floor }) =>
        [
          ...(floor?.issued_from ? [`issued from ${floor.issued_from}`] : []),
          ...(floor?.forgotten ?? []).map(({ since, until }) => `not ending from ${since} to ${until}`),
        ].join(', ') || 'none',
    },
    { name: 'last_backup', text: ({ last_backup: last }) => last?.at ?? 'never' },
  ],
  name: ({ database }) => `store/${database}`,
};
