import type { PoolConfig } from 'pg';
import { createMeasures, type StoreMeasures } from '../../core/measures.ts';
import type { Changes, Registers, Storage } from '../../core/ports.ts';
import type { Prepared } from '../rows/audit.ts';
import { WriteQueue } from '../write-queue.ts';
import { accesses } from './accesses.ts';
import { assertions } from './assertions.ts';
import { audit } from './audit.ts';
import { type Appended, AuditChain, prepared } from './audit-chain.ts';
import { backups } from './backups.ts';
import { ChangeMark } from './change-mark.ts';
import { checkpointKeys } from './checkpoint-keys.ts';
import { clients } from './clients.ts';
import { CLOCK } from './clock.ts';
import { consents } from './consents.ts';
import type { Connection } from './database.ts';
import { delegations } from './delegations.ts';
import { endings } from './endings.ts';
import { explanations } from './explanations.ts';
import { firstResults } from './first-results.ts';
import { assertFit } from './fitness.ts';
import { keyHolders } from './key-holders.ts';
import { type LocationOptions, readLocation } from './location.ts';
import { missedDelegations } from './missed-delegations.ts';
import { onBehalfOf } from './on-behalf-of.ts';
import { organizations } from './organizations.ts';
import { ConnectionPool } from './pool.ts';
import { prefixes } from './prefixes.ts';
import { readiness } from './readiness.ts';
import { replayFloor } from './replay-floor.ts';
import { scopes } from './scopes.ts';
import { secrets } from './secrets.ts';
import { seenCertificates } from './seen-certificates.ts';
import { signingKeys } from './signing-keys.ts';
import { sources } from './sources.ts';
import { raise, StandingWatch } from './standing.ts';
import { statistics } from './statistics.ts';
import { statisticMonths } from './statistics-months.ts';
import { systemUsers } from './system-users.ts';
import { systems } from './systems.ts';
import { tokenCounts } from './token-counts.ts';
import { trust } from './trust.ts';

export type PostgresOptions = LocationOptions & {
  /** Most connections for reading and counting; spending, changing and hearing have one each beside them. Default 4. */
  readonly connections?: number;
  /** A file that all processes of this node share, by which each knows at once what another has changed; absent: within a second. */
  readonly changeMark?: string;
  /** Where commits and failures are counted. */
  readonly measures?: StoreMeasures;
};

/**
 * Opens the store in a PostgreSQL database whose schema is this version's. Spending has a connection to itself, so that no list and no
 * change holds up a token; changes of one process run one after the other on another; the rest share a few.
 * @throws {StoreUnusable} when the database is another version's, or not fit
 * @throws {StoreUnavailable} when it cannot be reached
 */
export async function openPostgres(location: string, options: PostgresOptions = {}): Promise<Storage> {
  const { connections = 4, changeMark, measures = createMeasures().store } = options;
  const { config } = readLocation(location, options);
  const onFailure = (): void => void measures.failures++;
  const pool = (max: number): ConnectionPool =>
    new ConnectionPool({ ...config, max, idleTimeoutMillis: 60_000 } satisfies PoolConfig, onFailure);
  const pools = { spending: pool(1), changing: pool(1), reading: pool(connections) };
  const standing = new StandingWatch(pools.reading, config, changeMark === undefined ? undefined : new ChangeMark(changeMark));
  const opened = storage(pools, standing, measures);
  try {
    await assertFit(pools.reading);
    await opened.ready();
    void standing.listen();
    return opened;
  } catch (error) {
    await opened.close();
    throw error;
  }
}

type Pools = { readonly [Work in 'spending' | 'changing' | 'reading']: ConnectionPool };

function storage({ spending, changing, reading }: Pools, standing: StandingWatch, { commits }: StoreMeasures): Storage {
  const read = reading.statements;
  const chain = new AuditChain(spending);
  const writes = new WriteQueue(async (work) => work());
  return {
    ...(registers(read) satisfies Registers),
    assertions: assertions({ writing: spending.statements, reading, chain, standing, commits }),
    tokenCounts: tokenCounts(read),
    missedDelegations: missedDelegations(read),
    seenCertificates: seenCertificates(reading),
    endings: endings(read),
    explanations: explanations(read),
    keyHolders: keyHolders(read),
    statistics: statistics(reading),
    readiness: readiness(reading),
    transaction: (work) => writes.run(() => change(work, { changing, chain, standing })),
    audit: audit({ writing: spending, reading, chain, commits }),
    standing: () => standing.current(),
    secret: secrets(read),
    ready: probe(read),
    close: () =>
      writes.end(async () => {
        await standing.close();
        for (const pool of [spending, changing, reading]) await pool.close();
      }),
  };
}

type Changing = { readonly changing: ConnectionPool; readonly chain: AuditChain; readonly standing: StandingWatch };

/** Whoever holds the row of the version changes alone, on all nodes, and sees all that was committed before. `PV-SEC-120` */
const ALONE = 'BEGIN; SELECT version FROM register_version FOR UPDATE';

async function change<T>(work: (changes: Changes) => Promise<T>, { changing, chain, standing }: Changing): Promise<T> {
  const done = await changing.transaction(ALONE, async (connection) => {
    const records: Prepared[] = [];
    const result = await work(changesOn(connection, records));
    await raise(connection);
    // Last, because nobody else can append until this is committed.
    const appended = records.length > 0 ? await chain.append(connection, records) : NOTHING;
    return { result, appended, at: records.at(-1)?.record.at ?? 0 };
  });
  await standing.tell(changing.statements);
  await chain.committed(done.appended, done.at);
  return done.result;
}

const NOTHING: Appended = { chain: null, sequence: null };

function changesOn(connection: Connection, records: Prepared[]): Changes {
  return {
    ...registers(connection),
    firstResults: firstResults(connection),
    audit: { append: async (record) => void records.push(prepared(record)) },
    checkpointKeys: checkpointKeys(connection),
    keyHolders: keyHolders(connection),
    replayFloor: replayFloor(connection),
    statisticMonths: statisticMonths(connection),
    backups: backups(connection),
  };
}

/** A commit to the disk: nothing less shows that it is full, or that this is no longer the one that may be written. */
function probe(connection: Connection): () => Promise<number | undefined> {
  const count = connection.statement<[], { now: number }>(`UPDATE probe SET count = count + 1 RETURNING ${CLOCK} AS now`);
  let probing: Promise<number | undefined> | undefined;
  return () => {
    probing ??= count
      .get()
      .then((row) => row?.now)
      .finally(() => {
        probing = undefined;
      });
    return probing;
  };
}

function registers(connection: Connection): Pick<Changes, keyof Registers> {
  return {
    organizations: organizations(connection),
    prefixes: prefixes(connection),
    scopes: scopes(connection),
    accesses: accesses(connection),
    clients: clients(connection),
    onBehalfOf: onBehalfOf(connection),
    delegations: delegations(connection),
    systems: systems(connection),
    systemUsers: systemUsers(connection),
    consents: consents(connection),
    sources: sources(connection),
    trust: trust(connection),
    signingKeys: signingKeys(connection),
  };
}
