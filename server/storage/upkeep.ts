// What the commands of the host do with a store besides using it: with a file, which is named, and with a PostgreSQL database.

export { COPIED_TABLES } from './copied-tables.ts';
export {
  type DatabaseFilling,
  type DatabaseMoment,
  describeDatabase,
  fillDatabase,
  lookIntoDatabase,
  readDatabase,
} from './database-backup.ts';
export { arePositions, type Positions } from './positions.ts';
export { assertPrivateDatabase, UNCOPIED, UNFINISHED } from './sqlite/file.ts';
export { KNOWN_SCHEMA } from './sqlite/migrate.ts';
export { readSqlite } from './sqlite/reading.ts';
export { isServed, lockForServer } from './sqlite/server-lock.ts';
export { type CopiedStore, copySqlite, describeSqlite, migrateSqlite, type StoreStatus } from './sqlite/upkeep.ts';
export type { StoreReading } from './store-reading.ts';
