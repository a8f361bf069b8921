import { hash } from 'node:crypto';
import type { QueryResult } from 'pg';

/** A prepared statement. Its parameters are bound, never written into the text. `PV-SEC-119` */
export type Statement<Parameters extends unknown[], Row> = {
  get(...parameters: Parameters): Promise<Row | undefined>;
  all(...parameters: Parameters): Promise<Row[]>;
  /** Changes rows. @returns how many. */
  run(...parameters: Parameters): Promise<number>;
};

/** A statement as the driver takes it: prepared under its name when a connection of the driver's meets it first. */
export type Query = { readonly name: string; readonly text: string; readonly values: unknown[] };

/** Runs one query, on whichever connection. @throws {StoreUnavailable} */
export type Run = (query: Query) => Promise<QueryResult>;

/** Where statements are run: on any reading connection of a pool, or inside one transaction. */
export class Connection {
  readonly #run: Run;

  constructor(run: Run) {
    this.#run = run;
  }

  /** @param sql with `$1` for parameters in their order, or with `@name` for the members of one object. */
  statement<Parameters extends unknown[], Row = never>(sql: string): Statement<Parameters, Row> {
    const prepared = prepare(sql);
    const rows = async (parameters: Parameters): Promise<Row[]> => {
      const values = bind(prepared, parameters);
      // No text of PostgreSQL's holds the character, so nothing is found by one that does.
      return values.some(holdsNul) ? [] : (await this.#run({ ...prepared, values })).rows;
    };
    return {
      get: async (...parameters) => (await rows(parameters))[0],
      all: (...parameters) => rows(parameters),
      run: async (...parameters) => (await this.#run({ ...prepared, values: bind(prepared, parameters) })).rowCount ?? 0,
    };
  }
}

/** Names of parameters are undefined where they are known by their places. */
type Prepared = { readonly name: string; readonly text: string; readonly names: readonly string[] | undefined };

/** There are as many as statements in the program. */
const PREPARED = new Map<string, Prepared>();

function prepare(sql: string): Prepared {
  const known = PREPARED.get(sql);
  if (known) return known;
  const names: string[] = [];
  const text = sql.replaceAll(/@([A-Za-z][A-Za-z0-9]*)/g, (_, name: string) => {
    if (!names.includes(name)) names.push(name);
    return `$${names.indexOf(name) + 1}`;
  });
  const prepared = { name: `pv_${hash('sha256', text).slice(0, 24)}`, text, names: names.length > 0 ? names : undefined };
  PREPARED.set(sql, prepared);
  return prepared;
}

function bind({ names }: Prepared, parameters: readonly unknown[]): unknown[] {
  if (!names) return [...parameters];
  const [members] = parameters as [Readonly<Record<string, unknown>>];
  return names.map((name) => members[name]);
}

function holdsNul(value: unknown): boolean {
  return typeof value === 'string' && value.includes('\0');
}
