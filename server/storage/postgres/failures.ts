import { DatabaseError } from 'pg';
import { StoreUnavailable } from '../../core/ports.ts';
import { StoreUnusable } from '../unusable.ts';

/**
 * What may pass by itself, or with the operator's help, whatever was asked: connections (08), who may connect (28), resources such as
 * disk and connections (53), an operator's or a time limit's stop (57), the system (58), a damaged database (XX), and single ones: a
 * database that can only be read, one that is gone, a lock that was not given, a transaction that took too long.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const FAILURES = /^(?:08|28|53|57|58|XX)|^(?:25006|25P03|25P04|3D000|55P03|40001|40P01|40003)$/;

/** Two that met, of which one has to begin again: nothing was changed by it. `PV-SEC-120` */
const COLLISIONS = /^(?:40001|40P01)$/;

/** What is wrong with the connection, and not with what was asked on it alone. */
const LOST = /^(?:08|57P|58|XX)|^(?:25006|25P03|25P04)$/;

/** What the role may not do, or what names a role that is not there. */
const REFUSALS = /^(?:42501|42704)$/;

/** Whether the database gave the work back, to be done again from its beginning. */
export function isCollision(error: unknown): boolean {
  return error instanceof StoreUnavailable && COLLISIONS.test(codeOf(error.cause) ?? '');
}

/** Whether the connection is of no use after this, or leads to a database that is not the one to write to. */
export function losesConnection(error: unknown): boolean {
  return error instanceof StoreUnavailable && LOST.test(codeOf(error.cause) ?? '08');
}

/**
 * Does what the driver is asked, and tells its errors as the port has them: a failing store is {@link StoreUnavailable}, a broken
 * constraint or a mistake in SQL stays what it is. Whatever is not the database's own answer is of the way there: no connection, no answer
 * in time, no trusted certificate.
 */
export async function asked<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw translated(error);
  }
}

/** As {@link asked}, for work on the schema: what the database refuses to a role is the operator's to mend. @throws {StoreUnusable} */
export async function permitted<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await asked(work);
  } catch (error) {
    if (!REFUSALS.test(codeOf(error) ?? '')) throw error;
    throw new StoreUnusable(`the database refuses this to its role: ${(error as Error).message}`, { cause: error });
  }
}

function translated(error: unknown): unknown {
  if (error instanceof TypeError || error instanceof RangeError || error instanceof StoreUnusable) return error;
  if (error instanceof DatabaseError && !FAILURES.test(error.code ?? '')) return error;
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? ` (${error.code})` : '';
  // Where several addresses were tried, the error has no message of its own.
  const [first] = error instanceof AggregateError ? error.errors : [];
  const message = (error instanceof Error && error.message) || (first instanceof Error ? first.message : String(error));
  return new StoreUnavailable(`the database cannot be used: ${message}${code}`, { cause: error });
}

/** The database's own code of what it could not do; undefined for anything else. */
function codeOf(error: unknown): string | undefined {
  return error instanceof DatabaseError ? error.code : undefined;
}
