import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { StoreSettings } from '../../../server/config.ts';
import { copySqlite, readDatabase } from '../../../server/storage/upkeep.ts';
import { DATABASE_FILE, POSITIONS, placeOfRows } from './archive.ts';

/** What a backup takes of a store: its state at one moment, as files. */
export type StoreContents = {
  readonly schema: number;
  readonly readableBy: number;
  /** Of the last record of its audit. */
  readonly sequence: number;
  /** In the order in which they are restored. */
  readonly places: readonly string[];
  /** The bytes of one: the same each time. */
  read(place: string): AsyncIterable<Buffer>;
};

/** Holds a store still at one moment for as long as the work takes, while servers go on. */
export type HeldStore = <T>(work: (contents: StoreContents) => Promise<T>) => Promise<T>;

/** What a copy of the database is called while it is backed up. */
export const COPY = '.backup-';

/** The store in a data directory, copied aside. */
export function fileStore(dataDir: string): HeldStore {
  return async (work) => {
    const copy = join(dataDir, `${COPY}${process.pid}-${randomBytes(8).toString('hex')}.db`);
    try {
      const copied = await copySqlite(join(dataDir, DATABASE_FILE), copy);
      return await work({ ...copied, places: [DATABASE_FILE], read: () => createReadStream(copy) });
    } finally {
      for (const suffix of ['', '-wal', '-shm', '-journal']) await rm(`${copy}${suffix}`, { force: true });
    }
  };
}

/** The store in a PostgreSQL database: a file for each table, of lines that have the digest of `portvakt db copy`. */
export function databaseStore({ location, ...options }: StoreSettings): HeldStore {
  return (work) =>
    readDatabase(location, options, ({ schema, tables, lines, positions }) => {
      const rows = new Map(tables.map((table) => [placeOfRows(table), table]));
      return work({
        // It can be put into the tables of its own version alone.
        ...{ schema, readableBy: schema, sequence: positions.sequence, places: [...rows.keys(), POSITIONS] },
        read: (place) => {
          const table = rows.get(place);
          return table === undefined ? oneChunk(Buffer.from(JSON.stringify(positions))) : lines(table);
        },
      });
    });
}

/** Bytes that are at hand. */
export async function* oneChunk(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}
