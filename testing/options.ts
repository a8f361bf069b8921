import { nearest } from '../cli/nearest.ts';
import { isIssuer } from '../server/config-schema.ts';
import type { Log } from '../server/core/ports.ts';
import { isTokenFault, TOKEN_FAULTS } from '../server/core/token-fault.ts';
import type { TestKey } from './test-client.ts';

/** What a test may choose. */
export type PortvaktOptions = {
  /** A world file, or its contents; absent: the made-up world of `portvakt dev`. Files that it names are relative to it. */
  readonly world?: string | URL | Readonly<Record<string, unknown>>;
  /** What the clients of the test's own world sign with, by their names or ids. */
  readonly keys?: Readonly<Record<string, TestKey>>;
  /** TCP port on loopback; absent: a free one. */
  readonly port?: number;
  /** What the server calls itself; absent: `http://localhost:PORT/`. */
  readonly issuer?: string;
  /** When the server lives; absent: now. */
  readonly at?: Date;
  /** Takes the server's log; absent: what the server says is dropped. */
  readonly log?: Log;
};

const KNOWN: readonly string[] = Object.keys({
  world: true,
  keys: true,
  port: true,
  issuer: true,
  at: true,
  log: true,
} satisfies Record<keyof PortvaktOptions, true>);

/** Holds what a test chose to what there is to choose: not every test is type-checked. @throws {TypeError | RangeError} */
export function assertOptions({ port = 0, issuer, at, ...rest }: PortvaktOptions): void {
  for (const name of Object.keys(rest)) if (!KNOWN.includes(name)) throw unknown('option', name, KNOWN);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new RangeError(`port is 0 to 65535; got ${port}`);
  if (issuer !== undefined && !isIssuer(issuer))
    throw new TypeError(
      `issuer is an https address of a host alone that ends in a slash, http only for localhost; got ${issuer}`,
    );
  if (at !== undefined && !(at instanceof Date)) throw new TypeError('at is a Date');
}

/** @throws {TypeError} for a fault that no token is minted with */
export function assertFault(fault: string): void {
  if (!isTokenFault(fault)) throw unknown('fault', fault, Object.keys(TOKEN_FAULTS));
}

function unknown(what: string, name: string, known: readonly string[]): TypeError {
  const near = nearest(name, known);
  return new TypeError(`there is no ${what} "${name}"; ${near ? `did you mean ${near}?` : `there is ${known.join(', ')}`}`);
}
