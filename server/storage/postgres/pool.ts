import { Pool, type PoolClient, type PoolConfig, type QueryResult } from 'pg';
import { StoreUnavailable } from '../../core/ports.ts';
import { Connection, type Query } from './database.ts';
import { asked, losesConnection } from './failures.ts';
import { patiently } from './patience.ts';

/** Called for everything that cannot be carried out. */
export type OnFailure = () => void;

/**
 * Connections to the database for one kind of work, made when they are needed and anew when one was lost: a database that comes back is
 * used again by the next statement. Failures are {@link StoreUnavailable}; a broken constraint or a mistake in SQL is a mistake of ours,
 * and stays the driver's error. `PV-SEC-118`
 */
export class ConnectionPool {
  readonly #pool: Pool;
  readonly #onFailure: OnFailure;
  /** Single statements, each its own transaction, each on any of the connections. */
  readonly statements: Connection;
  #closing: Promise<void> | undefined;

  constructor(config: PoolConfig, onFailure: OnFailure) {
    this.#pool = new Pool(config);
    this.#onFailure = onFailure;
    // A connection that breaks while nobody uses it has left the pool: the next statement makes another, or says why it cannot.
    this.#pool.on('error', () => {});
    // One that breaks in use fails what is asked of it, and needs not be told of a second time.
    this.#pool.on('connect', (client) => client.on('error', () => {}));
    this.statements = new Connection((query) => this.#used((client) => patiently(() => asked(() => client.query(query)))));
  }

  /** Runs the work in one transaction: all of it or nothing. Where it meets other work it is begun again. */
  transaction<T>(begin: string, work: (connection: Connection) => Promise<T>): Promise<T> {
    return this.#used((client) => patiently(() => inTransaction(client, begin, work)));
  }

  /** Closes the connections when what runs on them is done. A second time changes nothing. */
  close(): Promise<void> {
    this.#closing ??= this.#pool.end();
    return this.#closing;
  }

  async #used<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    if (this.#closing) throw new StoreUnavailable('the database has been closed');
    try {
      const client = await asked(() => this.#pool.connect());
      return await released(client, work);
    } catch (error) {
      if (error instanceof StoreUnavailable) this.#onFailure();
      throw error;
    }
  }
}

/** A connection that has failed is not given back, but closed. */
async function released<T>(client: PoolClient, work: (client: PoolClient) => Promise<T>): Promise<T> {
  let isLost = false;
  try {
    return await work(client);
  } catch (error) {
    isLost = losesConnection(error);
    throw error;
  } finally {
    client.release(isLost);
  }
}

async function inTransaction<T>(client: PoolClient, begin: string, work: (connection: Connection) => Promise<T>): Promise<T> {
  let isOpen = true;
  let last: Promise<unknown> = Promise.resolve();
  // The driver takes one at a time.
  const ask = (query: Query | string): Promise<QueryResult> => {
    const answer = last.then(() => asked(() => client.query(query)));
    last = answer.catch(() => {});
    return answer;
  };
  const connection = new Connection((query) => {
    if (!isOpen) throw new Error('a change outside of its transaction');
    return ask(query);
  });
  try {
    await ask(begin);
    const result = await work(connection);
    isOpen = false;
    await ask('COMMIT');
    return result;
  } catch (error) {
    isOpen = false;
    // A connection that is lost takes its transaction with it; the first failure is the one that is told.
    if (!losesConnection(error)) await ask('ROLLBACK').catch(() => {});
    throw error;
  }
}
