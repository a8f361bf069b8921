// What the commands of the host do with a store besides using it. Its file is named; PostgreSQL has tools of its own for all of this.

export { assertPrivateDatabase, UNFINISHED } from './sqlite/file.ts';
export { KNOWN_SCHEMA } from './sqlite/migrate.ts';
export { readSqlite, type StoreReading } from './sqlite/reading.ts';
export { isServed, lockForServer } from './sqlite/server-lock.ts';
export { type CopiedStore, copySqlite, describeSqlite, migrateSqlite, type StoreStatus } from './sqlite/upkeep.ts';
