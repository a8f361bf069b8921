import { z } from 'zod';
import type { AdminScope } from '../core/admin-scopes.ts';
import type { Changes, Ports, Registers } from '../core/ports.ts';
import type { EpochSeconds } from '../core/time.ts';
import type { Caller } from './caller.ts';
import type { Cursors } from './cursors.ts';

/** What a handler is given: who asks, what for, and the means to answer. */
export type Call<Query = unknown, Body = unknown> = {
  /** Absent on public routes alone. */
  readonly caller: Caller;
  /** The path's parameters, percent-decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: Query;
  readonly body: Body;
  readonly now: EpochSeconds;
  readonly correlationId: string;
  readonly ports: Ports;
  /** Reading outside of a change. */
  readonly registers: Registers;
  /**
   * Runs the work in one durable transaction. With `?dry_run=true` all of it is judged and then undone; the result is the same.
   */
  change<T>(work: (changes: Changes) => Promise<T>): Promise<T>;
  /** Marks the places in this caller's list, for the next page: paging.ts. */
  readonly cursors: Cursors;
  /**
   * Holds the caller's `If-Match` against what stands now; to be called inside the change, so that of many writers with one tag
   * one wins. `PV-SEC-087`
   * @param current the object as a GET would answer it.
   * @throws {Fault} PV-612 when stale, PV-628 when our own resources lack it
   */
  assertMatches(current: object): void;
};

/** One address and method of the API: who may, what goes in, what comes out, and what it does. */
export type Route = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Below the base, with `{parameters}` that hold one segment each. */
  readonly path: string;
  /** The contract's resources are lenient and also served at the root; our own are strict. Decisions 8, 9 */
  readonly manners: 'contract' | 'own';
  /** Any of these opens it; `public` asks for no token and ignores one. `PV-SEC-082` */
  readonly scopes: 'public' | readonly AdminScope[];
  readonly summary: string;
  readonly query: z.ZodObject;
  /** Absent: a body, if any, is not read. */
  readonly body?: z.ZodType;
  /** The shape of the answer; absent: an empty body, or lines. */
  readonly answer?: z.ZodType;
  /** What each line says, where the answer is `Lines`. */
  readonly lines?: string;
  /** Whether a POST changes nothing, so that there is nothing to repeat, to try or to undo. RFC 9110 §9.2.1 */
  readonly safe?: true;
  /** Answers an object, a page of a list (paging.ts), lines (lines.ts), a document (document.ts), or with an empty body. */
  readonly handle: (call: Call) => Promise<object | undefined>;
  /** Brings a change into force where it is kept in memory: once it is committed, before it is answered. */
  readonly afterwards?: (ports: Ports) => Promise<void>;
};

/** A route whose handler knows the shapes of its query and body. */
type TypedRoute<Query extends z.ZodObject, Body extends z.ZodType> = Omit<Route, 'query' | 'body' | 'handle'> & {
  readonly query?: Query;
  readonly body?: Body;
  readonly handle: (call: Call<z.infer<Query>, z.infer<Body>>) => Promise<object | undefined>;
};

/**
 * Enters a route into the table. On the contract's resources unknown query parameters are ignored, on our own they are refused;
 * there `dry_run` is known to every change. Decisions 9, own-api
 */
export function route<Query extends z.ZodObject, Body extends z.ZodType>({
  query,
  handle,
  ...rest
}: TypedRoute<Query, Body>): Route {
  const changes = rest.method !== 'GET' && !rest.safe;
  const known = (query ?? z.object({})).extend(changes ? { dry_run } : {});
  return { ...rest, query: rest.manners === 'own' ? known.strict() : known.strip(), handle: handle as Route['handle'] };
}

/** A boolean in a query. */
export const booleanText = z.enum(['true', 'false']).transform((text) => text === 'true');

const dry_run = booleanText.optional().meta({ description: 'true: judged as ever, and nothing is stored' });
