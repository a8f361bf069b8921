import { mkdir } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { openCheckpointKey } from '../keys/checkpoint-key.ts';
import { type Keystore, openKeystore } from '../keys/keystore.ts';
import { readPublicJwk } from '../keys/public-jwk.ts';
import { readSourceKeys } from '../keys/source-keys.ts';
import { createVerifier } from '../keys/verifier.ts';
import { Refusal } from '../keys/x509/refusal.ts';
import { createCertificates } from '../keys/x509/trust.ts';
import { CountedRefusals } from './audit/unproven.ts';
import { createAuthorities } from './authorities/authorities.ts';
import { ClockWatch, systemClock } from './clock.ts';
import { type Config, ConfigMistake } from './config.ts';
import type { Certificates, Clock, Log, Ports, Signer, Storage } from './core/ports.ts';
import { watchEndings } from './expiry-watch.ts';
import { keepHouse } from './housekeeping.ts';
import { mountApp } from './http/app.ts';
import { createHttpServer } from './http/limits.ts';
import { type Ending, Listening } from './http/listening.ts';
import { lookups } from './lookup/mount.ts';
import { metadata } from './provider/metadata.ts';
import { createEngine } from './provider/provider.ts';
import { random } from './random.ts';
import { selfservice } from './selfservice/mount.ts';
import { RESOURCES, resourceMetadata } from './selfservice/resource-metadata.ts';
import { routes } from './selfservice/routes.ts';
import { cachedRegisters } from './storage/cache.ts';
import { openStorage } from './storage/open.ts';
import { createLog } from './telemetry/log.ts';
import { BufferedTokenCounter } from './token-counter.ts';

/** A server that answers. */
export type RunningServer = {
  readonly issuer: string;
  readonly port: number;
  /**
   * Stops taking connections, answers what has been asked, and closes the store: at once, or gently, after the configured delay in
   * which it is not ready and still answers. `PV-SEC-124`
   */
  close(how?: Ending): Promise<void>;
};

/** What a caller may put in place of the world outside. */
export type Surroundings = {
  readonly clock?: Clock;
  readonly log?: Log;
  /** Runs on the open store before the first request: the made-up world is installed here. */
  readonly prepare?: (storage: Storage, issuer: string) => Promise<void>;
};

/**
 * Listens, so that the server knows its own name, builds everything from the configuration, and answers. On a failed start nothing
 * is left open.
 * @throws {ConfigMistake | KeyUnusable | StoreUnavailable} or the system's own error when the port is taken.
 */
export async function startServer(config: Config, surroundings: Surroundings = {}): Promise<RunningServer> {
  const { clock = systemClock, log = createLog(), prepare } = surroundings;
  let issuer = config.issuer ?? '';
  const app = Promise.withResolvers<RequestListener>();
  const answer: RequestListener = async (request, response) => (await app.promise)(request, response);
  const listening = new Listening(config.hosts.map(() => createHttpServer(answer, { issuer: () => issuer, random, log })));
  const { delay, timeout } = config.shutdown;
  try {
    const port = await listening.start(config.hosts, config.port);
    issuer = config.issuer ?? `http://localhost:${port}/`;
    const { listener, retire, close } = await open({ config, issuer, clock, log }, prepare);
    app.resolve(listener);
    const stop = async (how: Ending = 'now'): Promise<void> => {
      retire();
      if (how === 'gently') await pause(delay * 1_000);
      await listening.stop(how, timeout);
      await close();
    };
    return { issuer, port, close: stop };
  } catch (error) {
    listening.cut();
    await listening.stop('now', timeout);
    throw error;
  }
}

type Foundations = {
  readonly storage: Storage;
  readonly keystore: Keystore;
  readonly sourceKeys: ReadonlyMap<string, Signer>;
  readonly certificates: Certificates;
  readonly cursorSecret: Uint8Array;
};

/** What is done to the store before anything is read from it. */
type Preparation = { readonly clock?: Clock; readonly prepare?: (storage: Storage) => Promise<void> };

/** Opens what the server stands on without listening: what `serve --check` asks. @throws as {@link startServer} */
export async function openFoundations(config: Config, { clock = systemClock, prepare }: Preparation): Promise<Foundations> {
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 });
  const sourceKeys = readSourceKeys(config.sourceKeys);
  const storage = await openStorage(join(config.dataDir, 'portvakt.db'));
  try {
    await prepare?.(storage);
    const keystore = await openKeystore({ directory: join(config.dataDir, 'keys'), storage, clock });
    storage.audit.sealWith(await openCheckpointKey({ directory: join(config.dataDir, 'audit-keys'), storage, clock }));
    return {
      storage,
      keystore,
      sourceKeys,
      certificates: await openCertificates(storage, config),
      cursorSecret: await storage.secret('cursor'),
    };
  } catch (error) {
    await storage.close();
    throw error;
  }
}

/** @throws {ConfigMistake} for an entry that this server could never trust: of another environment, or no authority's */
async function openCertificates(storage: Storage, { environment }: Config): Promise<Certificates> {
  try {
    return createCertificates(await storage.trust.list(), { environment });
  } catch (error) {
    if (error instanceof Refusal) throw new ConfigMistake(`environment: ${environment}: ${error.message}`, { cause: error });
    throw error;
  }
}

type Setting = { readonly config: Config; readonly issuer: string; readonly clock: Clock; readonly log: Log };

/** What answers requests, what makes it say that it is not ready, and what ends all that was started for it, the store last. */
type Built = { readonly listener: RequestListener; readonly retire: () => void; readonly close: () => Promise<void> };

async function open(setting: Setting, prepare: Surroundings['prepare']): Promise<Built> {
  const { config, issuer, clock } = setting;
  const foundations = await openFoundations(config, { clock, prepare: async (storage) => prepare?.(storage, issuer) });
  try {
    return build(foundations, setting);
  } catch (error) {
    await foundations.storage.close();
    throw error;
  }
}

function build(
  { storage, keystore, sourceKeys, certificates, cursorSecret }: Foundations,
  { config, issuer, clock, log }: Setting,
): Built {
  let retired = false;
  const engine = createEngine(issuer, (text) => log.warn(text));
  const watch = new ClockWatch(clock, log);
  const registers = cachedRegisters(storage, async () => certificates.reload(await storage.trust.list()));
  const counter = new BufferedTokenCounter(storage, log);
  const unproven = new CountedRefusals(storage.audit, log);
  const authorities = createAuthorities({
    ...{ registers: storage, current: registers, issuer, keys: sourceKeys, clock, random },
    settings: config.authorities,
  });
  const ports: Ports = {
    storage,
    registers,
    verifier: createVerifier(),
    keyPolicy: { read: readPublicJwk },
    certificates,
    signer: keystore.signer,
    authorities,
    counter,
    unproven,
    clock,
    random,
    settings: { ...config.token, issuer },
  };
  mountApp(engine, ports, {
    documents: {
      metadata: metadata(issuer, authorities.detailsTypes),
      jwks: () => keystore.jwks(),
      resources: new Map(RESOURCES.map((path) => [path, resourceMetadata(issuer, path, routes)])),
    },
    api: selfservice(routes, { ports, keys: () => keystore.jwks().keys, cursorSecret, log }),
    lookups: lookups({ ports, keys: () => keystore.jwks().keys, settings: config.authorities, log }),
    unready: () => (retired ? 'PV-504' : watch.steady() ? undefined : 'PV-503'),
    log,
  });
  const endHousekeeping = keepHouse(storage, watch, log);
  const endWatch = watchEndings(ports, clock, log);
  const close = async (): Promise<void> => {
    endHousekeeping();
    await endWatch();
    await counter.close();
    await unproven.close();
    await authorities.close();
    await sealed(storage, watch, log).finally(() => storage.close());
  };
  const retire = (): void => {
    retired = true;
  };
  return { listener: engine.callback(), retire, close };
}

/** The last records too are vouched for; a store that cannot take a checkpoint any more is closed all the same. */
async function sealed({ audit }: Storage, watch: ClockWatch, log: Log): Promise<void> {
  await audit.seal(watch.now()).catch((error: unknown) => log.error('no checkpoint could be made', { error: String(error) }));
}
