import Database from 'better-sqlite3';
import { StoreUnavailable } from '../../core/ports.ts';
import { StoreUnusable } from '../unusable.ts';

/** How a connection is opened. */
export type ConnectionOptions = {
  /** The reading connection changes nothing, whatever it is asked. */
  readonly readonly: boolean;
  /** How long a statement waits for another process's lock, in milliseconds; the event loop waits with it. */
  readonly busyTimeout: number;
  /** Called for everything that cannot be carried out, but for locks, which may be waited for. */
  readonly onFailure?: () => void;
};

/** A prepared statement. Its parameters are bound, never written into the text. */
export type Statement<Parameters extends unknown[], Row> = {
  get(...parameters: Parameters): Row | undefined;
  all(...parameters: Parameters): Row[];
  /** Changes rows, inside a transaction only. @returns how many. */
  run(...parameters: Parameters): number;
};

/**
 * One connection to the database file, with the settings that durability and integrity rest on. Its failures are
 * {@link StoreUnavailable}; a broken constraint or a mistake in SQL is a mistake of ours, and stays the driver's error.
 */
export class Connection {
  readonly #database: Database.Database;
  readonly #onFailure: () => void;

  private constructor(database: Database.Database, onFailure: () => void = () => {}) {
    this.#database = database;
    this.#onFailure = onFailure;
  }

  /**
   * Opens an existing file, makes the settings and reads them back. `PV-SEC-115`
   * @throws {StoreUnusable} when a setting does not hold
   */
  static open(path: string, options: ConnectionOptions): Connection {
    const connection = guard(
      () =>
        new Connection(
          new Database(path, { readonly: options.readonly, fileMustExist: true, timeout: options.busyTimeout }),
          options.onFailure,
        ),
    );
    try {
      connection.#configure(options);
    } catch (error) {
      connection.close();
      throw error;
    }
    return connection;
  }

  /** Opens a file that holds nothing and is there to be locked: without waiting, and without settings, which would write to it. */
  static bare(path: string): Connection {
    return guard(() => new Connection(new Database(path, { fileMustExist: true, timeout: 0 })));
  }

  /**
   * Copies the database as it stands at one moment into a new file, while others go on writing. The moment is held by a transaction:
   * without it every commit of another process would make the copy begin anew, and beside a busy server it would never end.
   */
  async copyTo(path: string): Promise<void> {
    this.script('BEGIN');
    try {
      // From the first look on the transaction sees one moment.
      this.statement('SELECT count(*) FROM sqlite_schema').get();
      await guardLater(() => this.#database.backup(path, { progress: () => PAGES_AT_A_TIME }));
    } finally {
      this.script('ROLLBACK');
    }
  }

  /** A statement, prepared when it is first used, once for the life of the connection: most connections use few of all that there are. */
  statement<Parameters extends unknown[], Row = never>(sql: string): Statement<Parameters, Row> {
    let prepared: Database.Statement<Parameters, Row> | undefined;
    const ready = (): Database.Statement<Parameters, Row> => {
      prepared ??= this.#database.prepare<Parameters, Row>(sql);
      return prepared;
    };
    return {
      get: (...parameters) => this.#guard(() => ready().get(...parameters)),
      all: (...parameters) => this.#guard(() => ready().all(...parameters)),
      run: (...parameters) =>
        this.#guard(() => {
          if (!this.#database.inTransaction) throw new Error('a change outside of its transaction');
          return ready().run(...parameters).changes;
        }),
    };
  }

  /** The work as a function that is one transaction and holds the write lock from its start. */
  change<Parameters extends unknown[], T>(work: (...parameters: Parameters) => T): (...parameters: Parameters) => T {
    const transaction = this.#guard(() => this.#database.transaction(work));
    return (...parameters) => this.#guard(() => transaction.immediate(...parameters));
  }

  /** Runs work that takes more than one microtask as one transaction. Nobody else may use the connection meanwhile. */
  async transaction<T>(work: () => Promise<T>): Promise<T> {
    this.script('BEGIN IMMEDIATE');
    try {
      const result = await work();
      this.script('COMMIT');
      return result;
    } finally {
      // SQLite has already rolled back where the disk was full or broken.
      if (this.#database.inTransaction) this.script('ROLLBACK');
    }
  }

  /** Runs SQL without parameters or result. */
  script(sql: string): void {
    this.#guard(() => this.#database.exec(sql));
  }

  /** The value of a pragma. */
  pragma(name: string): unknown {
    return this.#guard(() => this.#database.pragma(name, { simple: true }));
  }

  /** Closes the connection; what is asked of it afterwards fails. A second time changes nothing. */
  close(): void {
    guard(() => this.#database.close());
  }

  #configure({ readonly, busyTimeout }: ConnectionOptions): void {
    const settings = { ...SETTINGS, busy_timeout: busyTimeout, query_only: Number(readonly) };
    for (const [name, value] of Object.entries(settings)) {
      this.pragma(`${name} = ${value}`);
      const held = this.pragma(name);
      if (held !== value)
        throw new StoreUnusable(`the database holds ${name} = ${held} where ${value} was set: is its disk local?`);
    }
  }

  #guard<T>(work: () => T): T {
    if (!this.#database.open) throw new StoreUnavailable('the database has been closed');
    return guard(work, this.#onFailure);
  }
}

/** Whether the failure is another process's lock, and nothing worse. */
export function isBusy(error: unknown): boolean {
  return (
    error instanceof StoreUnavailable && error.cause instanceof Database.SqliteError && error.cause.code.startsWith('SQLITE_BUSY')
  );
}

/**
 * Committed is on the disk (`synchronous` 2 is FULL), references hold, the schema cannot run code of a stranger's, and the
 * triggers that keep the audit see rows that a REPLACE would remove. `PV-SEC-106`, `PV-SEC-115`
 */
const SETTINGS = {
  ...{ journal_mode: 'wal', synchronous: 2, foreign_keys: 1, trusted_schema: 0, recursive_triggers: 1 },
  // Pages. A page that changes often is written into the database once for many commits; 32 MB of log are read again after a crash.
  wal_autocheckpoint: 8_000,
  // Kibibytes, of each connection: the spent assertions of a busy minute are found in it.
  cache_size: -16_384,
} as const;

/** What a disk, a lock or a damaged file can do to any statement. https://www.sqlite.org/rescode.html */
const FAILURES = /^SQLITE_(?:BUSY|LOCKED|FULL|IOERR|READONLY|CORRUPT|NOTADB|CANTOPEN|PROTOCOL|NOMEM|PERM|NOLFS|INTERRUPT)/;

/** Between two such parts of a copy others have their turn. */
const PAGES_AT_A_TIME = 5_000;

async function guardLater<T>(work: () => Promise<T>): Promise<T> {
  const outcome = await work().then(
    (value) => () => value,
    (error: unknown) => () => {
      throw error;
    },
  );
  return guard(outcome);
}

function guard<T>(work: () => T, onFailure = () => {}): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof Database.SqliteError) || !FAILURES.test(error.code)) throw error;
    if (!error.code.startsWith('SQLITE_BUSY')) onFailure();
    throw new StoreUnavailable(`the database cannot be used: ${error.message} (${error.code})`, { cause: error });
  }
}
