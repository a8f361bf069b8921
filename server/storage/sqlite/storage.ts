import { resolve } from 'node:path';
import { createMeasures, type StoreMeasures } from '../../core/measures.ts';
import type { Changes, Registers, Storage } from '../../core/ports.ts';
import { prepared } from '../rows/audit.ts';
import { WriteQueue } from '../write-queue.ts';
import { accesses } from './accesses.ts';
import { assertions } from './assertions.ts';
import { audit } from './audit.ts';
import { AuditChain } from './audit-chain.ts';
import { backups } from './backups.ts';
import { checkpointKeys } from './checkpoint-keys.ts';
import { clients } from './clients.ts';
import { consents } from './consents.ts';
import { Connection } from './database.ts';
import { delegations } from './delegations.ts';
import { endings } from './endings.ts';
import { explanations } from './explanations.ts';
import { assertRestored, preparePrivateFile } from './file.ts';
import { firstResults } from './first-results.ts';
import { heldKeys, keyHolders } from './key-holders.ts';
import { migrate } from './migrate.ts';
import { missedDelegations } from './missed-delegations.ts';
import { onBehalfOf } from './on-behalf-of.ts';
import { organizations } from './organizations.ts';
import { patiently } from './patience.ts';
import { prefixes } from './prefixes.ts';
import { readiness } from './readiness.ts';
import { replayFloor } from './replay-floor.ts';
import { scopes } from './scopes.ts';
import { secrets } from './secrets.ts';
import { seenCertificates } from './seen-certificates.ts';
import { signingKeys } from './signing-keys.ts';
import { sources } from './sources.ts';
import { standing } from './standing.ts';
import { statistics } from './statistics.ts';
import { statisticMonths } from './statistics-months.ts';
import { systemUsers } from './system-users.ts';
import { systems } from './systems.ts';
import { tokenCounts } from './token-counts.ts';
import { trust } from './trust.ts';

export type SqliteOptions = {
  /** How long to wait for another process's lock, in milliseconds. */
  readonly busyTimeout?: number;
  /** Where commits and failures are counted. */
  readonly measures?: StoreMeasures;
};

/**
 * Opens the store in a SQLite file on a local disk, made where it is missing. One connection reads, so that nobody sees another's
 * open transaction, and one writes, one transaction at a time.
 * @throws {StoreUnusable | StoreUnavailable}
 */
export async function openSqlite(path: string, options: SqliteOptions): Promise<Storage> {
  const { busyTimeout = 2_000, measures = createMeasures().store } = options;
  const onFailure = (): void => void measures.failures++;
  const file = resolve(path);
  assertRestored(file);
  preparePrivateFile(file);
  // While another process starts on the same new file SQLite does not wait where two switch to the write-ahead log together.
  const writer = await patiently(() => Connection.open(file, { readonly: false, busyTimeout, onFailure }), busyTimeout);
  let reader: Connection | undefined;
  try {
    // From here on the event loop does the waiting.
    writer.pragma('busy_timeout = 0');
    await patiently(() => migrate(writer), busyTimeout);
    reader = Connection.open(file, { readonly: true, busyTimeout, onFailure });
    const opened = storage(reader, writer, { wait: busyTimeout, measures });
    await opened.ready();
    return opened;
  } catch (error) {
    reader?.close();
    writer.close();
    throw error;
  }
}

type Workings = { readonly wait: number; readonly measures: StoreMeasures };

function storage(reader: Connection, writer: Connection, { wait, measures }: Workings): Storage {
  const writes = new WriteQueue((work) => patiently(work, wait, () => void measures.failures++));
  const chain = new AuditChain(writer);
  const writing = { writer, writes, chain, commits: measures.commits };
  const changes: Changes = {
    ...registers(writer),
    firstResults: firstResults(writer),
    audit: { append: async (record) => chain.append(prepared(record)) },
    checkpointKeys: checkpointKeys(writer),
    keyHolders: { list: heldKeys(writer) },
    replayFloor: replayFloor(writer),
    statisticMonths: statisticMonths(writer),
    backups: backups(writer),
  };
  const raise = writer.statement<[]>('UPDATE register_version SET version = version + 1');
  const change = async <T>(work: (changes: Changes) => Promise<T>): Promise<T> => {
    const result = await work(changes);
    raise.run();
    chain.finish();
    return result;
  };
  return {
    ...(registers(reader) satisfies Registers),
    assertions: assertions(reader, writing),
    tokenCounts: tokenCounts(reader, writer, writes),
    statistics: statistics(reader, writer, writes),
    readiness: readiness(reader, writer, writes),
    missedDelegations: missedDelegations(reader, writer, writes),
    seenCertificates: seenCertificates(writer, writes),
    endings: endings(reader),
    explanations: explanations(reader, writer, writes),
    keyHolders: keyHolders(reader, writer, writes),
    transaction: (work) => writes.run(() => chain.settlingLater(() => writer.transaction(() => change(work)))),
    audit: audit(reader, writing),
    standing: standing(reader),
    secret: secrets(writer, writes),
    ready: probe(reader, writer, writes),
    // The writer last: whoever closes last moves the log into the database.
    close: () =>
      writes.end(() => {
        reader.close();
        writer.close();
      }),
  };
}

/**
 * Reads, and commits a write to the disk: nothing less shows that it is full. Who asks meanwhile shares the answer. The file is this
 * machine's, and so is its clock.
 */
function probe(reader: Connection, writer: Connection, writes: WriteQueue): () => Promise<undefined> {
  const read = reader.statement('SELECT count FROM probe');
  const count = writer.statement('UPDATE probe SET count = count + 1');
  const write = writer.change(() => void count.run());
  let probing: Promise<undefined> | undefined;
  const run = async (): Promise<undefined> => {
    read.get();
    await writes.run(write);
    return undefined;
  };
  return () => {
    probing ??= run().finally(() => {
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
