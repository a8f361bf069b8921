import { join } from 'node:path';
import { type Config, readConfig, type StoreSettings, storeOf, weakenings } from '../../server/config.ts';
import { findOperator } from '../../server/registry/operator.ts';
import { schemaStatus } from '../../server/storage/open.ts';
import { describeDatabase, describeSqlite, lookIntoDatabase, readSqlite } from '../../server/storage/upkeep.ts';
import { type Found, type Look, problem, skipped, warning } from '../health-check.ts';
import type { Host } from './host.ts';
import { judgeFile, lookAtBackup, lookAtData, lookAtPast, lookAtReplayFloor, lookAtSpace } from './host-data.ts';
import { lookAtAuditKey, lookAtSigningKeys, lookAtSourceKeys } from './host-keys.ts';
import { lookAtClock, lookAtOutbound, lookAtServing } from './host-network.ts';
import { lookAtPermissions } from './host-permissions.ts';
import { lookAtTls } from './host-tls.ts';
import { lookAtEndings, lookAtLists, lookAtTrust } from './host-trust.ts';

type Circumstances = Pick<Host, 'offline' | 'patience'>;

/** What a server of this configuration stands on. Nothing of it is changed: neither made, nor brought to this version. */
export function looksAtHost(file: string, circumstances: Circumstances): readonly Look[] {
  let known: Host | undefined;
  const host = (): Host => {
    if (!known) throw new Error('the configuration has not been read');
    return known;
  };
  const look = (id: string, title: string, needs: readonly string[], at: (host: Host) => Look['look']): Look => ({
    ...{ id, title, needs: ['config', ...needs] },
    look: async () => at(host())(),
  });
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
    look('store', 'store', ['data'], (it) => it.store),
    look('space', 'disk space', ['data'], (it) => () => lookAtSpace(it)),
    look('backup', 'last backup', STORE, (it) => () => lookAtBackup(it)),
    look('replay-floor', 'replay floor', STORE, (it) => () => lookAtReplayFloor(it)),
    look('past', 'clock against the store', STORE, (it) => () => lookAtPast(it)),
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

function hostOf(config: Config, circumstances: Circumstances): Host {
  const database = join(config.dataDir, 'portvakt.db');
  const host = { config, database, now: Math.floor(Date.now() / 1000), ...circumstances };
  return { ...host, ...(config.store ? ofDatabase(storeOf(config)) : ofFile(database)) };
}

type Stored = Pick<Host, 'store' | 'status' | 'inStore'>;

function ofFile(database: string): Stored {
  const older = skipped('the store has an older schema: portvakt db migrate, or a start, brings it to this version');
  const file = once(() => describeSqlite(database, 'quick'));
  return {
    store: async () => judgeFile(file()),
    status: async () => file(),
    inStore: async (look) => (await readSqlite(database, look)) ?? older,
  };
}

function ofDatabase({ location, ...options }: StoreSettings): Stored {
  const inStore: Host['inStore'] = (look) => lookIntoDatabase(location, options, look);
  return {
    store: async () => {
      const { applied, pending } = await schemaStatus(location, options);
      if (pending.length > 0) return problem(`the database lacks ${pending.join(', ')}`, 'portvakt db migrate as its owner');
      // To look into it is refused where a commit would not last.
      return inStore(async () => `PostgreSQL, ${applied.at(-1)}`);
    },
    status: once(() => describeDatabase(location, options)),
    inStore,
  };
}

function once<T>(ask: () => T): () => T {
  let known: { readonly answer: T } | undefined;
  return () => {
    known ??= { answer: ask() };
    return known.answer;
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
