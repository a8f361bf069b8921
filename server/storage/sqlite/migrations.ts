import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';

/** One step of the schema, as a file of `migrations/` has it. Never edited once it has been released. */
export type Migration = {
  /** From 1 without gaps. */
  readonly number: number;
  readonly name: string;
  /** SHA-256 of its text, hex. */
  readonly checksum: string;
  readonly sql: string;
  /**
   * The oldest schema whose programs may use the store once this has been applied, as its line `PRAGMA user_version = N` says. Absent:
   * a program has to know the migration itself.
   */
  readonly readableBy?: number;
};

/** Beside this file in the sources and in the built package alike. */
const FOLDER = new URL('./migrations/', import.meta.url);

/** A part of the program, read with it: what a store meets later does not hang on the program's own files. */
export const MIGRATIONS: readonly Migration[] = readMigrations();

function readMigrations(): readonly Migration[] {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith('.sql'));
  return names.sort().map((name, place) => {
    const migration = toMigration(name, readFileSync(new URL(name, FOLDER), 'utf8'));
    if (migration.number !== place + 1) throw new Error(`migration ${name} does not follow the one before`);
    return migration;
  });
}

/** Reads a migration's file. */
export function toMigration(name: string, text: string): Migration {
  // A checkout may have changed the line ends.
  const sql = text.replaceAll('\r\n', '\n');
  const readableBy = /^PRAGMA user_version = (\d+);/m.exec(sql)?.[1];
  return {
    ...{ number: Number(name.slice(0, 3)), name, checksum: createHash('sha256').update(sql).digest('hex'), sql },
    ...(readableBy !== undefined && { readableBy: Number(readableBy) }),
  };
}
