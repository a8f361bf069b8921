import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createFaultySigners } from '../keys/faulty-signer.ts';
import type { Keystore } from '../keys/keystore.ts';
import { createKnownHeaders } from '../keys/known-headers.ts';
import { readPublicJwk } from '../keys/public-jwk.ts';
import { createVerifier } from '../keys/verifier.ts';
import { ListKeeper } from '../keys/x509/list-keeper.ts';
import { CountedRefusals } from './audit/unproven.ts';
import { createAuthorities } from './authorities/authorities.ts';
import { ClockWatch, isApart, type Monotonic, systemClock, systemEvery } from './clock.ts';
import { type Config, ConfigMistake, weakenings } from './config.ts';
import type { FaultCode } from './core/catalogue.ts';
import { Fault } from './core/fault.ts';
import { createMeasures, type Measures } from './core/measures.ts';
import type { Clock, Every, Log, Ports, Storage } from './core/ports.ts';
import type { EpochSeconds } from './core/time.ts';
import { untraced } from './core/tracing.ts';
import { watchEndings } from './expiry-watch.ts';
import { type Foundations, openFoundations } from './foundations.ts';
import { keepHouse } from './housekeeping.ts';
import { mountApp } from './http/app.ts';
import { createHttpServer } from './http/limits.ts';
import { type Ending, Listening } from './http/listening.ts';
import { KeyHolding } from './key-holding.ts';
import { watchKeys } from './key-watch.ts';
import { createAddressOf } from './limits/address.ts';
import { Allowances } from './limits/allowances.ts';
import { dividePlaces } from './limits/places.ts';
import { lookups } from './lookup/mount.ts';
import { LoopWatch } from './loop-watch.ts';
import { meteredLog, meteredUnproven } from './metering.ts';
import { type Operations, openOperations } from './operations.ts';
import { metadata } from './provider/metadata.ts';
import { createEngine } from './provider/provider.ts';
import { random } from './random.ts';
import { watchReadiness } from './readiness-watch.ts';
import { RefusalExplainer, SILENT } from './refusal-explainer.ts';
import { selfservice } from './selfservice/mount.ts';
import { RESOURCES, resourceMetadata } from './selfservice/resource-metadata.ts';
import { routes } from './selfservice/routes.ts';
import { cachedRegisters } from './storage/cache.ts';
import { createLog } from './telemetry/log.ts';
import { type Reading, takeReadings } from './telemetry/readings.ts';
import { openTraces, type Traces } from './telemetry/traces.ts';
import { openTls, watchTls } from './tls.ts';
import { BufferedTokenCounter } from './token-counter.ts';
import { TrustWatch } from './trust-watch.ts';

/** A server that answers. */
export type RunningServer = {
  readonly issuer: string;
  readonly port: number;
  /** Where metrics and health are answered apart from clients; undefined: nowhere. */
  readonly operationsPort: number | undefined;
  /** Why it is not ready; undefined when it is. @throws {StoreUnavailable} */
  unready(): Promise<FaultCode | undefined>;
  /** What it says of itself. */
  readings(): readonly Reading[];
  /**
   * Stops taking connections, answers what has been asked, and closes the store: at once, or gently, after the configured delay in
   * which it is not ready and still answers. `PV-SEC-124`
   */
  close(how?: Ending): Promise<void>;
};

/** What a caller may put in place of the world outside. */
export type Surroundings = {
  readonly clock?: Clock;
  /** What the clock is watched against; where one is turned on purpose, so is the other. */
  readonly monotonic?: Monotonic;
  /** What is done again and again in the background. */
  readonly every?: Every;
  readonly log?: Log;
  /** What watches the event loop. */
  readonly loop?: LoopWatch;
  /** Whether it tells the audit what it runs by: it does, unless another worker has. */
  readonly announces?: boolean;
  /** Runs on the open store before the first request: the made-up world is installed here. */
  readonly prepare?: (storage: Storage, issuer: string) => Promise<void>;
};

/**
 * Listens, so that the server knows its own name, builds everything from the configuration, and answers. On a failed start nothing
 * is left open.
 * @throws {ConfigMistake | KeyUnusable | StoreUnavailable} or the system's own error when the port is taken.
 */
export async function startServer(config: Config, surroundings: Surroundings = {}): Promise<RunningServer> {
  const { clock = systemClock, every = systemEvery, loop = new LoopWatch(), monotonic, prepare, announces = true } = surroundings;
  const measures = createMeasures();
  const log = meteredLog(surroundings.log ?? createLog(config.operations.logLevel), measures);
  let issuer = config.issuer ?? '';
  const tls = config.tls && openTls(config.tls);
  const app = Promise.withResolvers<RequestListener>();
  const answer: RequestListener = async (request, response) => (await app.promise)(request, response);
  const servers = config.sockets > 0 ? Array(config.sockets).fill(undefined) : config.hosts;
  const listening = new Listening(servers.map(() => createHttpServer(answer, { issuer: () => issuer, random, log, tls })));
  const { delay, timeout } = config.shutdown;
  const built = Promise.withResolvers<Built>();
  let operations: Operations | undefined;
  try {
    const port = config.sockets > 0 ? await takeSockets(listening, config) : await listening.start(config.hosts, config.port);
    issuer = config.issuer ?? `${tls ? 'https' : 'http'}://localhost:${port}/`;
    operations = await openOperations(config.operations, {
      issuer: () => issuer,
      unready: async () => (await built.promise).unready(),
      readings: async () => [(await built.promise).readings()],
      log,
    });
    const tracing = await openTraces(log);
    const opened = await open(
      { config, issuer, tlsEnds: tls?.ends, clock, monotonic, every, log, loop, measures, announces, tracing },
      prepare,
    );
    const { listener, unready, readings, retire, close } = opened;
    built.resolve(opened);
    app.resolve(listener);
    const stop = async (how: Ending = 'now'): Promise<void> => {
      retire();
      if (how === 'gently') await pause(delay * 1_000);
      await listening.stop(how, timeout);
      await operations?.close();
      await close();
      await tracing?.flush();
    };
    return { issuer, port, operationsPort: operations?.port, unready, readings, close: stop };
  } catch (error) {
    await operations?.close();
    listening.cut();
    await listening.stop('now', timeout);
    throw error;
  }
}

/** What was handed over must be what the configuration says, which was judged. @returns the port @throws {ConfigMistake} */
async function takeSockets(listening: Listening, { hosts, port }: Config): Promise<number> {
  const taken = await listening.take();
  for (const socket of taken) {
    const place = `${socket.address} port ${socket.port}`;
    if (!hosts.includes(socket.address))
      throw new ConfigMistake(`listen.hosts: does not name ${place}, where a socket was handed over`);
    if (port !== socket.port) throw new ConfigMistake(`listen.port: is ${port}, and a socket for ${place} was handed over`);
  }
  return port;
}

type Setting = {
  readonly config: Config;
  readonly issuer: string;
  readonly tlsEnds: EpochSeconds | undefined;
  readonly clock: Clock;
  readonly monotonic: Monotonic | undefined;
  readonly every: Every;
  readonly log: Log;
  readonly loop: LoopWatch;
  readonly measures: Measures;
  readonly announces: boolean;
  /** Where traces are recorded; undefined: nowhere. */
  readonly tracing: Traces | undefined;
};

/**
 * What answers requests, what is told of it, what makes it say that it is not ready, and what ends all that was started for it, the
 * store last.
 */
type Built = Pick<RunningServer, 'unready' | 'readings'> & {
  readonly listener: RequestListener;
  readonly retire: () => void;
  readonly close: () => Promise<void>;
};

async function open(setting: Setting, prepare: Surroundings['prepare']): Promise<Built> {
  const { config, issuer, clock, log, measures, tracing } = setting;
  const foundations = await openFoundations(config, {
    ...(tracing && { tracing }),
    clock,
    log,
    measures,
    prepare: async (storage) => prepare?.(storage, issuer),
  });
  const { keystore } = foundations;
  let holding: KeyHolding | undefined;
  try {
    await tellConfiguration(foundations, setting);
    holding = await KeyHolding.begin({ keystore, dataDir: config.dataDir, process: random.traceId(), log });
    const background = await keepTrust(foundations, setting);
    return build(foundations, { ...background, holding }, setting);
  } catch (error) {
    // One that does not serve holds up no key.
    await holding?.end();
    await foundations.storage.close();
    throw error;
  }
}

/** What goes on in the background of certificates. */
type Background = { readonly keeper: ListKeeper; readonly close: () => Promise<void> };

/** Lists that lie on the disk are read before the first request. */
async function keepTrust({ storage, certificates, lists }: Foundations, setting: Setting): Promise<Background> {
  const { config, clock, every, log, measures, tracing } = setting;
  const { refreshes } = measures;
  const { allowPrivate, fetchEvery } = config.certificates;
  const directory = join(config.dataDir, 'revocation');
  const means = { directory, clock, every, log, allowPrivate, fetchEvery, refreshes, ...(tracing && { tracing }) };
  const keeper = new ListKeeper(lists, means);
  const onChange = (): void => void keeper.look();
  const watch = new TrustWatch({ storage, certificates, clock, every, log, onChange });
  await keeper.start();
  await watch.start();
  return { keeper, close: () => Promise.all([watch.close(), keeper.close()]).then(() => undefined) };
}

/** What the server runs by is in the audit, once for all workers; what weakens the defaults is warned of besides. `PV-SEC-109`, `PV-SEC-126` */
async function tellConfiguration({ storage, certificates, keystore }: Foundations, setting: Setting): Promise<void> {
  const { config, clock, log, announces } = setting;
  const anchors = config.environment === 'test' ? [] : (await storage.trust.list()).filter(({ role }) => role === 'anchor');
  const weak = anchors.filter((anchor) => certificates.policyOf(anchor) !== 'require');
  const policies = weak.map((anchor) => `trust/${anchor.id.slice(0, 16)} revocation: ${certificates.policyOf(anchor)}`);
  const clear = keystore.plain().map((kid) => `keys.master is not set, and keys/${kid}.pem lies in the clear`);
  const weakened = [...weakenings(config), ...policies, ...clear];
  for (const detail of weakened) log.warn('a setting weakens the defaults', { detail });
  if (!announces) return;
  const about = { at: Math.floor(clock.now()), correlationId: random.traceId() };
  await storage.audit.append({ type: 'server.configured', ...about, details: { settings: config.stated, weakened } });
}

function build(
  { storage, keystore, sourceKeys, certificates, cursorSecret }: Foundations,
  background: Background & { readonly holding: KeyHolding },
  { config, issuer, tlsEnds, clock, monotonic, every, log, loop, measures, tracing }: Setting,
): Built {
  let retired = false;
  const engine = createEngine(issuer, (text) => log.warn(text));
  const watch = new ClockWatch(clock, log, monotonic, () => void measures.clockJumps++);
  const reload = async (): Promise<void> => {
    certificates.reload(await storage.trust.list());
    await keystore.follow();
  };
  const registers = cachedRegisters(storage, reload, measures.caches);
  const counter = new BufferedTokenCounter(storage, log, measures);
  const unproven = new CountedRefusals(storage.audit, log);
  const { keep, perSecond } = config.explanations;
  const refused = keep > 0 ? new RefusalExplainer({ explanations: storage.explanations, measures, log, perSecond }) : SILENT;
  const authorities = createAuthorities({
    ...{ registers: storage, current: registers, issuer, keys: sourceKeys, clock, random },
    settings: config.authorities,
    ...(tracing && { tracing }),
  });
  const ports: Ports = {
    storage,
    registers,
    headers: createKnownHeaders(),
    verifier: createVerifier(),
    keyPolicy: { read: readPublicJwk },
    certificates,
    revocation: background.keeper,
    signer: keystore.signer,
    authorities,
    counter,
    unproven: meteredUnproven(unproven, measures),
    refused,
    limits: new Allowances(config.limits, clock),
    tracing: tracing ?? untraced,
    clock,
    random,
    settings: { ...config.token, issuer },
  };
  const unready = async (): Promise<FaultCode | undefined> => {
    if (retired) return 'PV-504';
    if (!watch.steady()) return 'PV-503';
    if (loop.isTooLate()) return 'PV-505';
    if (await isApart(clock, storage.ready)) return 'PV-507';
    return signs(keystore);
  };
  const keys = async () => (await keystore.jwks()).keys;
  const { tokens, reserve } = dividePlaces(config.limits.concurrency, config.limits.queue);
  const addressOf = createAddressOf(config.proxies);
  const calls = {
    ...{ ports, keys, log },
    admission: { addressOf, gate: reserve, limits: new Allowances(config.limits, clock) },
  };
  mountApp(engine, ports, {
    documents: {
      metadata: metadata(issuer, authorities.detailsTypes),
      jwks: () => keystore.jwks(),
      resources: new Map(RESOURCES.map((path) => [path, resourceMetadata(issuer, path, routes)])),
    },
    api: selfservice(routes, { ...calls, cursorSecret }),
    lookups: lookups({ ...calls, settings: config.authorities }),
    unready,
    admission: { addressOf, gate: tokens },
    // A production server has nothing to sign them with.
    faultySigners: config.environment === 'test' ? createFaultySigners(keystore.place) : undefined,
    tokens: { seconds: measures.seconds, ...(config.operations.logTokens && { log }) },
    log,
    tracing,
  });
  const endHousekeeping = keepHouse(storage, watch, { every, measures, log, random, explained: keep });
  const { signingAlgorithms: algorithms } = config.token;
  const endReadings = watchReadiness(storage, { unready, watch, every, log });
  const { keeper, holding } = background;
  const endRotation = watchKeys(keystore.place, { algorithms, settings: config.keys, holding, watch, every, log });
  const endWatch = watchEndings(ports, { clock, every, log, measures });
  const endTls = watchTls(tlsEnds, { clock, every, log, measures });
  const instruments = { measures, lag: () => loop.lag(), lists: () => keeper.reports(), now: () => watch.now() };
  const close = async (): Promise<void> => {
    loop.close();
    endHousekeeping();
    await endReadings();
    await endRotation();
    await holding.end();
    endTls();
    await endWatch();
    await background.close();
    await counter.close();
    await unproven.close();
    await refused.close();
    await authorities.close();
    await sealed(storage, watch, log).finally(() => storage.close());
  };
  loop.begin();
  const retire = (): void => {
    retired = true;
  };
  return { listener: engine.callback(), unready, readings: () => takeReadings(instruments), retire, close };
}

/** A process that cannot sign is not ready. `PV-SEC-099` */
async function signs(keystore: Keystore): Promise<FaultCode | undefined> {
  try {
    await keystore.current();
    return undefined;
  } catch (error) {
    if (error instanceof Fault) return error.code;
    throw error;
  }
}

/** The last records too are vouched for; a store that cannot take a checkpoint any more is closed all the same. */
async function sealed({ audit }: Storage, watch: ClockWatch, log: Log): Promise<void> {
  await audit.seal(watch.now()).catch((error: unknown) => log.error('no checkpoint could be made', { error: String(error) }));
}
