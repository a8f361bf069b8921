import { join } from 'node:path';
import { openCheckpointKey } from '../keys/checkpoint-key.ts';
import { KeyFolder } from '../keys/key-folder.ts';
import { type Keystore, openKeystore } from '../keys/keystore.ts';
import { openMasterKey } from '../keys/master-key.ts';
import { readSourceKeys } from '../keys/source-keys.ts';
import { Refusal } from '../keys/x509/refusal.ts';
import { Responders } from '../keys/x509/responders.ts';
import { RevocationLists } from '../keys/x509/revocation-lists.ts';
import { createCertificates } from '../keys/x509/trust.ts';
import { systemClock } from './clock.ts';
import { type Config, ConfigMistake, storeOf } from './config.ts';
import { createMeasures, type Measures } from './core/measures.ts';
import { addRegister } from './core/organization.ts';
import type { Certificates, Clock, Log, Signer, Storage } from './core/ports.ts';
import type { Tracing } from './core/tracing.ts';
import { prepareDataFolder } from './data-folder.ts';
import { openStorage } from './storage/open.ts';
import { assertRestored } from './storage/sqlite/file.ts';

/** What a server stands on: its store, its keys, whom it trusts. */
export type Foundations = {
  readonly storage: Storage;
  readonly keystore: Keystore;
  readonly sourceKeys: ReadonlyMap<string, Signer>;
  readonly certificates: Certificates;
  /** Where the lists are kept that certificates are judged by; nothing has been fetched. */
  readonly lists: RevocationLists;
  readonly cursorSecret: Uint8Array;
};

/** What is done to the store before anything is read from it. */
type Preparation = {
  readonly clock?: Clock;
  readonly log?: Log;
  readonly measures?: Measures;
  readonly prepare?: (storage: Storage) => Promise<void>;
  /** Who records what is asked of others. */
  readonly tracing?: Pick<Tracing, 'outbound'>;
};

/** Opens what the server stands on without listening: what `serve --check` asks. @throws {ConfigMistake | KeyUnusable | StoreUnavailable} and leaves nothing open */
export async function openFoundations(config: Config, preparation: Preparation): Promise<Foundations> {
  const { clock = systemClock, log, measures = createMeasures(), prepare, tracing } = preparation;
  await prepareDataFolder(config.dataDir);
  assertRestored(join(config.dataDir, 'portvakt.db'));
  const sourceKeys = readSourceKeys(config.sourceKeys);
  const { location, ...store } = storeOf(config);
  const storage = await openStorage(location, { ...store, measures: measures.store });
  try {
    await prepare?.(storage);
    const { sealsPlain } = config.keys;
    const { signing, audit } = keyFolders(config);
    const algorithms = config.token.signingAlgorithms;
    const keystore = await openKeystore({ folder: signing, storage, clock, algorithms, sealsPlain, log });
    storage.audit.sealWith(await openCheckpointKey({ folder: audit, storage, clock, sealsPlain }));
    return {
      storage,
      keystore,
      sourceKeys,
      ...(await openCertificates(storage, config, { log, tracing })),
      cursorSecret: await storage.secret('cursor'),
    };
  } catch (error) {
    await storage.close();
    throw error;
  }
}

/** Where the private keys lie: those that sign tokens, and the one that seals the audit. @throws {KeyUnusable} */
export function keyFolders({
  dataDir,
  keys,
}: Pick<Config, 'dataDir' | 'keys'>): Readonly<Record<'signing' | 'audit', KeyFolder>> {
  const master = openMasterKey(keys);
  return {
    signing: new KeyFolder(join(dataDir, 'keys'), 'token-signing', master),
    audit: new KeyFolder(join(dataDir, 'audit-keys'), 'audit-checkpoint', master),
  };
}

/** @throws {ConfigMistake} for an entry that this server could never trust: of another environment, or no authority's */
async function openCertificates(
  storage: Storage,
  { environment, certificates: settings }: Config,
  { log, tracing }: { readonly log: Log | undefined; readonly tracing: Preparation['tracing'] | undefined },
): Promise<Pick<Foundations, 'certificates' | 'lists'>> {
  for (const { code, register } of settings.nameSpaces) if (register) addRegister(code, register);
  const lists = new RevocationLists();
  const onUnknown = countUnknown(log);
  try {
    const responders = new Responders({ ...settings, tracing });
    const certificates = createCertificates(await storage.trust.list(), {
      ...settings,
      environment,
      lists,
      responders,
      onUnknown,
    });
    return { certificates, lists };
  } catch (error) {
    if (error instanceof Refusal) throw new ConfigMistake(`environment: ${environment}: ${error.message}`, { cause: error });
    throw error;
  }
}

/** What the policy `soft` accepts without an answer is warned of and counted. Security reference §3 */
function countUnknown(log: Log | undefined): (refusal: Refusal) => void {
  let count = 0;
  return ({ met }) =>
    log?.warn('a certificate was accepted without knowing whether it is revoked', { detail: `${met}; ${++count} times` });
}
