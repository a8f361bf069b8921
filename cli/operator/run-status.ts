import { describeSqlite, isServed, type StoreStatus } from '../../server/storage/upkeep.ts';
import { Failure } from '../failure.ts';
import type { View } from '../output.ts';
import type { Terminal } from '../terminal.ts';
import { storeHere } from './here.ts';
import { databaseStatus } from './run-postgres.ts';
import { STORE_FIELDS, type StoreFields, storeFields } from './status-fields.ts';

export type StatusOptions = { readonly config?: string };

type Status = Omit<StoreStatus, keyof StoreFields> &
  StoreFields & {
    readonly database: string;
    /** Whether a server runs on it. */
    readonly served: boolean;
    readonly integrity: 'ok' | 'damaged';
  };

/** Tells how the store is, and changes nothing. @throws {Failure} `unhealthy` when it is damaged */
export async function status({ config }: StatusOptions, terminal: Terminal): Promise<void> {
  const { dataDir, database, store } = await storeHere(config);
  if (store) return databaseStatus(store, terminal);
  const found = describeSqlite(database);
  const isSound = found.flaws.length === 0;
  const answer: Status = {
    ...{ database, served: isServed(dataDir), integrity: isSound ? 'ok' : 'damaged', ...found },
    ...storeFields(found),
  };
  await terminal.answer(answer, view);
  if (!isSound)
    throw new Failure('unhealthy', `the database is damaged: ${found.flaws.slice(0, 3).join('; ')}`, {
      fix: 'stop the server, and restore a backup: portvakt db restore',
    });
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
    ...STORE_FIELDS,
  ],
  name: ({ database }) => `store/${database}`,
};
