import { join } from 'node:path';
import { type Config, readConfig, storeOf, weakenings } from '../../server/config.ts';
import type { EpochSeconds } from '../../server/core/time.ts';
import { findOperator } from '../../server/registry/operator.ts';
import { schemaStatus } from '../../server/storage/open.ts';
import { describeSqlite, readSqlite, type StoreReading, type StoreStatus } from '../../server/storage/upkeep.ts';
import { Failure } from '../failure.ts';
import { type Found, type Look, problem, type Skipped, skipped, warning } from '../health-check.ts';
import { lookAtBackup, lookAtData, lookAtPast, lookAtReplayFloor, lookAtSpace, lookAtStore } from './host-data.ts';
import { lookAtAuditKey, lookAtSigningKeys, lookAtSourceKeys } from './host-keys.ts';
import { lookAtClock, lookAtOutbound, lookAtServing } from './host-network.ts';
import { lookAtPermissions } from './host-permissions.ts';
import { lookAtTls } from './host-tls.ts';
import { lookAtEndings, lookAtLists, lookAtTrust } from './host-trust.ts';

/** What is looked at: what the server of a configuration stands on. */
export type Host = {
  readonly config: Config;
  readonly database: string;
  /** How the store is, looked at once. @throws {StoreUnusable | StoreUnavailable} */
  readonly status: () => StoreStatus;
  readonly now: EpochSeconds;
  /** Whether nobody is asked over the network. */
  readonly offline: boolean;
  /** How long somebody else may take to answer, in milliseconds. */
  readonly patience: number;
  /** Looks at what the store holds; skipped where its schema is older than this version's. */
  readonly inStore: <T>(look: (store: StoreReading) => Promise<T>) => Promise<T | Skipped>;
};

type Circumstances = Pick<Host, 'offline' | 'patience'>;

/** What a server of this configuration stands on. Nothing of it is changed: neither made, nor brought to this version. */
export function looksAtHost(file: string, circumstances: Circumstances): readonly Look[] {
  let known: Host | undefined;
  const host = (): Host => {
    if (!known) throw new Error('the configuration has not been read');
    return known;
  };
  const look = (id: string, title: string, needs: readonly string[], at: (host: Host) => Look['look']): Look => {
    const readsFile = id === 'data' || needs.includes('store');
    return {
      ...{ id, title, needs: ['config', ...needs] },
      look: async () => (readsFile && host().config.store ? IN_DATABASE : at(host())()),
    };
  };
  const config = async (): Promise<readonly Found[]> => {
    const read = await readConfig(file);
    known = hostOf(read, circumstances);
    return judgeConfig(file, read);
  };
  const STORE = ['data', 'store'] as const;
  return [
    { id: 'config', title: 'configuration', look: config },
    look('data', 'data directory', [], (it) => () => lookAtData(it)),
    look('permissions', 'permissions', [], (it) => () => lookAtPermissions(it)),
    look('store', 'store', ['data'], (it) => () => (it.config.store ? lookAtDatabase(it) : lookAtStore(it))),
    look('space', 'disk space', ['data'], (it) => () => lookAtSpace(it)),
    look('backup', 'last backup', STORE, (it) => () => lookAtBackup(it)),
    look('replay-floor', 'replay floor', STORE, (it) => () => lookAtReplayFloor(it)),
    look('past', 'clock against the audit', STORE, (it) => () => lookAtPast(it)),
    look('signing-keys', 'signing keys', STORE, (it) => () => lookAtSigningKeys(it)),
    look('audit-key', 'key of the audit', STORE, (it) => () => lookAtAuditKey(it)),
    look('source-keys', 'keys for sources', STORE, (it) => () => lookAtSourceKeys(it)),
    look('trust', 'trusted certificate authorities', STORE, (it) => () => lookAtTrust(it)),
    look('lists', 'revocation lists', STORE, (it) => () => lookAtLists(it)),
    look('endings', 'what ends soon', STORE, (it) => () => lookAtEndings(it)),
    look('operator', 'operator', STORE, (it) => () => lookAtOperator(it)),
    look('tls', 'TLS', [], (it) => () => lookAtTls(it)),
    look('serving', 'server here', ['data'], (it) => () => lookAtServing(it)),
    look('clock', 'clock', [], (it) => () => lookAtClock(it)),
    look('outbound', 'outbound', STORE, (it) => () => lookAtOutbound(it)),
  ];
}

const IN_DATABASE = skipped('the store is a PostgreSQL database, which only a server of it looks into');

async function lookAtDatabase({ config }: Host): Promise<string> {
  const { location, ...options } = storeOf(config);
  const { applied, pending } = await schemaStatus(location, options);
  if (pending.length === 0) return `PostgreSQL, ${applied.at(-1)}`;
  throw new Failure('unhealthy', `the database lacks ${pending.join(', ')}`, { fix: 'portvakt db migrate as its owner' });
}

function hostOf(config: Config, circumstances: Circumstances): Host {
  const database = join(config.dataDir, 'portvakt.db');
  const older = skipped('the store has an older schema: portvakt db migrate, or a start, brings it to this version');
  let status: StoreStatus | undefined;
  return {
    ...{ config, database, now: Math.floor(Date.now() / 1000) },
    status: () => {
      status ??= describeSqlite(database, 'quick');
      return status;
    },
    ...circumstances,
    inStore: async (look) => (await readSqlite(database, look)) ?? older,
  };
}

/** `PV-SEC-126` */
function judgeConfig(file: string, config: Config): readonly Found[] {
  const weak = weakenings(config).map((setting) =>
    warning(`a setting weakens the defaults: ${setting}`, 'take it out of the configuration, unless it is meant'),
  );
  return [`${file}: ${config.issuer}, ${config.environment}`, ...weak];
}

function lookAtOperator({ inStore }: Host): Promise<Found> {
  return inStore(async (store) => {
    const operator = await findOperator(store);
    if (operator) return `${operator.orgno} ${operator.name}`;
    return problem(
      'there is none: nobody can administer the server',
      'portvakt admin bootstrap --orgno N --name TEXT --public-key FILE',
    );
  });
}
