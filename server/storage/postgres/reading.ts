import type { Client } from 'pg';
import type { PlainRow } from '../copied-tables.ts';
import type { Positions } from '../positions.ts';
import { StoreUnusable } from '../unusable.ts';
import { Connection } from './database.ts';
import { asked, permitted } from './failures.ts';
import type { LocationOptions } from './location.ts';
import { inLongTransaction } from './long-transaction.ts';
import { appliedTo, assertKnown, MIGRATIONS } from './migrate.ts';
import { tablePages } from './table-pages.ts';
import { assertAlone } from './unserved.ts';

/** A database as it stood at one moment, while servers go on; nothing is changed. */
export class PostgresRows {
  readonly #client: Client;
  readonly positions: Positions;

  private constructor(client: Client, positions: Positions) {
    this.#client = client;
    this.positions = positions;
  }

  /**
   * Lets the work read. The role that the servers run as can.
   * @throws {StoreUnusable} for another version's
   */
  static of<T>(location: string, options: LocationOptions, work: (rows: PostgresRows) => Promise<T>): Promise<T> {
    return inLongTransaction(location, options, 'BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY', async (client) => {
      await permitted(() => assertCurrent(client));
      // From the first statement on the transaction sees one moment.
      const { rows } = await asked(() => client.query<PositionsRow>(POSITIONS));
      const [row] = rows;
      if (!row) throw new StoreUnusable('the database has lost what it knows of itself: restore it');
      const { countedSequence, countedAt, ...positions } = row;
      return work(new PostgresRows(client, { ...positions, counted: { sequence: countedSequence, at: countedAt } }));
    });
  }

  /** Sees that no server is connected, which could write what is not read any more. @throws {StoreUnusable} */
  assertAlone(): Promise<void> {
    return assertAlone(new Connection((query) => asked(() => this.#client.query(query))));
  }

  /** In the order of their keys. */
  readonly pages = (table: string): AsyncGenerator<readonly PlainRow[]> => tablePages(this.#client, table);
}

async function assertCurrent(client: Client): Promise<void> {
  const stands = assertKnown(await appliedTo(client));
  if (stands < MIGRATIONS.length)
    throw new StoreUnusable(
      `the database stands at migration ${stands}, and this version needs ${MIGRATIONS.length}: use the version that runs on it, or run portvakt db migrate`,
    );
}

type PositionsRow = Omit<Positions, 'counted'> & { readonly countedSequence: number; readonly countedAt: number };

const POSITIONS = `
  SELECT register_version.version + 1 AS version, trust_version.version + 1 AS "trustVersion", issued_from AS "issuedFrom", forgotten,
    audit_pruned.checkpoint AS "prunedCheckpoint", audit_pruned.sequence AS "prunedSequence", audit_end.sequence AS sequence,
    statistics_position.sequence AS "countedSequence", statistics_position.at AS "countedAt"
  FROM register_version, trust_version, replay_floor, audit_pruned, audit_end, statistics_position`;
