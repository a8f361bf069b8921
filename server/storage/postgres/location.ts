import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { ClientConfig } from 'pg';
import { types } from 'pg';
import { StoreUnusable } from '../unusable.ts';

/** What is said beside a location: secrets and certificates are kept in files. `PV-SEC-096` */
export type LocationOptions = {
  /** Holds the password; read anew for every connection, so that it can be changed. */
  readonly passwordFile?: string;
  /** Certificates of the CAs that may vouch for the server, PEM; absent: those that Node knows. */
  readonly caFile?: string;
  /** How long a statement may take, in milliseconds; the other waits follow from it. Default 5000. */
  readonly patience?: number;
};

/** The longest waits, in milliseconds. A server that says nothing is given up after it would have given up the statement. `PV-SEC-119` */
function waits(statement: number) {
  return {
    connectionTimeoutMillis: statement * 0.6,
    statement_timeout: statement,
    query_timeout: statement * 1.2,
    lock_timeout: statement * 0.4,
    idle_in_transaction_session_timeout: statement * 2,
  };
}

/** Where the tables are. */
export const SCHEMA = 'portvakt';

/**
 * What holds in every session, whatever the server's own defaults are: where the tables are; that a commit is on the disk, and on that of
 * a synchronous standby where there is one, before it is answered; and that each statement sees what was committed before it.
 */
const SESSION = `-c search_path=${SCHEMA} -c synchronous_commit=on -c default_transaction_isolation=read\\ committed`;

/** What a location says. */
export type Location = { readonly config: ClientConfig; readonly database: string; readonly user: string };

/**
 * Reads a location: `postgres://USER@HOST:PORT/DATABASE`, with `?sslmode=` and `?sslrootcert=` as libpq has them, or for a Unix socket
 * `postgres:///DATABASE?host=/run/postgresql&user=USER`. TLS is verified, with the host's name (`sslmode=verify-full`); without it goes
 * only what does not leave the machine. `PV-SEC-119`
 * @throws {StoreUnusable} for anything else, without a word of what stands in it
 */
export function readLocation(location: string, options: LocationOptions = {}): Location {
  const { passwordFile, caFile, patience = 5_000 } = options;
  const url = parse(location);
  const { host: socket, user: named, sslmode, sslrootcert = caFile } = parametersOf(url);
  const user = named ?? decode(url.username);
  const database = decode(url.pathname.slice(1));
  const host = socket ?? url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (user === '') throw unfit('it names no user');
  if (database === '' || database.includes('/')) throw unfit('it names no database');
  if (host === '') throw unfit('it names no host');
  const password = passwordOf(url, passwordFile);
  const tls = needsTls(host, sslmode);
  return {
    ...{ database, user },
    config: {
      ...{ host, user, database, port: url.port === '' ? 5432 : Number(url.port), application_name: 'portvakt' },
      ...(password !== undefined && { password }),
      ...(tls && {
        ssl: { host, rejectUnauthorized: true, ...(sslrootcert !== undefined && { ca: certificates(sslrootcert) }) },
      }),
      ...waits(patience),
      ...{ keepAlive: true, keepAliveInitialDelayMillis: 10_000 },
      options: SESSION,
      types: { getTypeParser },
    },
  };
}

function parse(location: string): URL {
  // A URL cannot hold a user without a host.
  const url = URL.parse(location.replace(/^postgres(?:ql)?:/i, 'postgres:'));
  if (!url) throw unfit('it is no URL');
  return url;
}

const PARAMETERS = ['host', 'user', 'sslmode', 'sslrootcert'] as const;

function parametersOf({ searchParams }: URL): Partial<Readonly<Record<(typeof PARAMETERS)[number], string>>> {
  const known: readonly string[] = PARAMETERS;
  const unknown = [...searchParams.keys()].find((name) => !known.includes(name));
  if (unknown !== undefined) throw unfit(`it has the parameter ${unknown}, and may have ${PARAMETERS.join(', ')}`);
  return Object.fromEntries(searchParams);
}

function passwordOf({ password }: URL, file: string | undefined): ClientConfig['password'] {
  if (file !== undefined) return async () => (await readFile(file, 'utf8')).replace(/\r?\n$/, '');
  return password === '' ? undefined : decode(password);
}

/** Whether the connection is encrypted, and the server verified. */
function needsTls(host: string, mode: string | undefined): boolean {
  const isLocal = host.startsWith('/') || host === 'localhost' || host === '::1' || /^127\.[0-9.]+$/.test(host);
  if (mode === 'verify-full') {
    if (host.startsWith('/')) throw unfit('sslmode=verify-full is of a host, and it names a socket');
    return true;
  }
  if (mode === 'disable' && !isLocal) throw unfit(`sslmode=disable is for this machine alone, and ${host} is another`);
  if (mode !== undefined && mode !== 'disable')
    throw unfit(`sslmode=${mode} does not verify the server: leave it out, or say verify-full`);
  return !isLocal;
}

function certificates(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new StoreUnusable(`the CA file ${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

/** Whole numbers are numbers: none here is beyond what one holds exactly. */
const INT8 = 20;
const getTypeParser: NonNullable<ClientConfig['types']>['getTypeParser'] = (oid: number, format?: 'text' | 'binary') =>
  oid === INT8 ? Number : types.getTypeParser(oid, format as 'text');

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw unfit('it holds a % that begins no escape');
  }
}

function unfit(what: string): StoreUnusable {
  return new StoreUnusable(`the location of the PostgreSQL database cannot be used: ${what}`);
}
