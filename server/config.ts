import { readFile, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { Document } from 'yaml';
import type { z } from 'zod';
import { type ConfigFile, configSchema, isLoopback, parseListen } from './config-schema.ts';
import { readConfigText } from './config-text.ts';
import type { LimitSettings } from './core/limits.ts';
import {
  type AuthoritySettings,
  DEFAULT_TOKEN_SETTINGS,
  type KeySettings,
  type MasterKeySetting,
  type TokenSettings,
} from './core/settings.ts';
import { DAY, HOUR, MINUTE } from './core/time.ts';

/** What the server runs by. */
export type Config = {
  /** Absent only where the port decides it: `http://localhost:PORT/`. */
  readonly issuer?: string;
  readonly environment: 'production' | 'test';
  /** Absolute. */
  readonly dataDir: string;
  /** Absent: the file of {@link storeOf}. */
  readonly store?: StoreSettings;
  readonly hosts: readonly string[];
  readonly port: number;
  /** Absent: plain HTTP. `PV-SEC-064` */
  readonly tls?: TlsSettings;
  /** How many sockets whoever started the process has opened for it, to be listened on in place of opening own ones. 0: none. */
  readonly sockets: number;
  /** Seconds. Without a delay idle connections are closed at once. */
  readonly shutdown: { readonly delay: number; readonly timeout: number };
  readonly operations: OperationsSettings;
  /** Addresses or networks that X-Forwarded-For is believed from. `PV-SEC-065` */
  readonly proxies: readonly string[];
  readonly limits: LimitSettings;
  readonly token: Omit<TokenSettings, 'issuer'>;
  readonly certificates: CertificateSettings;
  readonly authorities: AuthoritySettings;
  readonly keys: KeySettings;
  /** Files of private keys by the name that sources give them; absolute. */
  readonly sourceKeys: Readonly<Record<string, string>>;
  /** All of it as the file has it, defaults included, for the audit. What is secret stands in files that it names. */
  readonly stated: ConfigFile;
  /** What it was made of; absent where no file was read. */
  readonly source?: ConfigSource;
};

/**
 * A configuration file as it was read, where the data lie instead of where it says, and the store that it names, whose files were read, too:
 * all workers are on one. Of it a worker makes its own configuration: it may be
 * of another version than the process that read the file.
 */
export type ConfigSource = {
  readonly file: string;
  readonly content: unknown;
  readonly dataDir?: string;
  readonly store?: StoreSettings;
};

/** TLS in this process; files are absolute. */
export type TlsSettings = {
  readonly certificate: string;
  readonly key: string;
  /** The name that the certificate has to have; absent where a proxy stands in front, and clients never see it. */
  readonly host?: string;
};

/** Where the store is, as `openStorage` takes it; files absolute. */
export type StoreSettings = {
  readonly location: string;
  readonly passwordFile?: string;
  readonly caFile?: string;
  readonly connections?: number;
};

/** How the server is watched. */
export type OperationsSettings = {
  /** Where metrics and health are answered apart from clients; absent: nowhere. `PV-SEC-070` */
  readonly listen?: { readonly host: string; readonly port: number };
  readonly logLevel: 'info' | 'warn' | 'error';
  readonly logTokens: boolean;
};

/** How enterprise certificates are judged. Security reference §2 and §3 */
export type CertificateSettings = {
  readonly ed25519: boolean;
  readonly nameSpaces: readonly NameSpaceSetting[];
  /** Whether qualified statements decide on `client_amr` in every profile. */
  readonly sealAmr: boolean;
  readonly ocspFirst: boolean;
  /** Seconds. */
  readonly fetchEvery: number;
  /** Seconds. */
  readonly grace: number;
  readonly allowSoft: boolean;
  readonly allowPrivate: boolean;
};

/** A register of organisations, and how certificates name it. ETSI EN 319 412-1 §5.1.4 */
export type NameSpaceSetting = {
  readonly prefix: string;
  readonly code: string;
  /** Of its numbers; absent where the register is known. */
  readonly register?: RegExp;
  /** Of what stands behind the hyphen. */
  readonly form?: RegExp;
};

/** A configuration that cannot be used; the message names file and field. */
export class ConfigMistake extends Error {
  override readonly name = 'ConfigMistake';
}

/**
 * Reads and judges a configuration file, who can write it too. Unknown fields are mistakes. `PV-SEC-095`, `PV-SEC-126`
 * @throws {ConfigMistake} naming every field that is wrong.
 */
export async function readConfig(file: string, environment: NodeJS.ProcessEnv = process.env): Promise<Config> {
  const stated = environment.PORTVAKT_DATA || undefined;
  const content = await parse(file, read(file));
  const named = judged(file, content).store;
  const store = named && (await toStoreSettings(named, file));
  const config = configOf({ file, content, ...(stated !== undefined && { dataDir: resolve(stated) }), ...(store && { store }) });
  return { ...config, sockets: countSockets(environment) };
}

/** Judges what was read of a configuration file. @throws {ConfigMistake} as {@link readConfig} */
export function configOf(source: ConfigSource): Config {
  const { file, content, dataDir: stated, store } = source;
  const settings = judged(file, content);
  if (settings.issuer === undefined) throw new ConfigMistake(`${file}: issuer: is missing`);
  const folder = dirname(file);
  const named = settings.data_dir === undefined ? undefined : resolve(folder, settings.data_dir);
  const dataDir = stated ?? named;
  if (dataDir === undefined) throw new ConfigMistake(`${file}: data_dir: is missing, and PORTVAKT_DATA is not set`);
  return { ...toConfig(settings, { dataDir, folder }), ...(store && { store }), source };
}

/**
 * Sockets that a service manager has opened for this process, from descriptor 3 on: what is meant for another process, a parent perhaps,
 * is not this one's. sd_listen_fds(3)
 */
function countSockets({ LISTEN_PID: pid, LISTEN_FDS: sockets = '' }: NodeJS.ProcessEnv): number {
  if (pid !== `${process.pid}`) return 0;
  if (!/^[0-9]{1,2}$/.test(sockets)) throw new ConfigMistake('LISTEN_FDS: must be the number of sockets that were handed over');
  return Number(sockets);
}

/** The store that a configuration names: by itself a SQLite file in the data directory. */
export function storeOf({ store, dataDir }: Pick<Config, 'store' | 'dataDir'>): StoreSettings {
  return store ?? { location: join(dataDir, 'portvakt.db') };
}

async function toStoreSettings(
  { url, url_file, password_file, ca_file, connections }: NonNullable<ConfigFile['store']>,
  file: string,
): Promise<StoreSettings> {
  const folder = dirname(file);
  const location = url ?? (await readSecret(resolve(folder, url_file ?? ''), `${file}: store.url_file`));
  if (password_file !== undefined) await readSecret(resolve(folder, password_file), `${file}: store.password_file`);
  return {
    ...{ location, connections },
    ...(password_file !== undefined && { passwordFile: resolve(folder, password_file) }),
    ...(ca_file !== undefined && { caFile: resolve(folder, ca_file) }),
  };
}

/** A secret is one line of a file that nobody else can read. `PV-SEC-095`, `PV-SEC-096` @throws {ConfigMistake} */
export async function readSecret(file: string, field: string): Promise<string> {
  try {
    const { mode } = await stat(file);
    if (process.platform !== 'win32' && (mode & 0o077) !== 0)
      throw new ConfigMistake(`${field}: ${file} is open to other users: chmod 600 it`);
    const text = (await readFile(file, 'utf8')).trim();
    if (text === '') throw new ConfigMistake(`${field}: ${file} is empty`);
    return text;
  } catch (cause) {
    if (cause instanceof ConfigMistake) throw cause;
    throw new ConfigMistake(`${field}: ${file} cannot be read: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

/** Most workers that may be asked for. */
const MOST_WORKERS = 256;

/**
 * How many processes serve: `PORTVAKT_WORKERS`, or as many as there are cores that this process may use.
 * @throws {ConfigMistake}
 */
export function readWorkers({ PORTVAKT_WORKERS: stated }: NodeJS.ProcessEnv = process.env): number {
  if (stated === undefined || stated === '') return availableParallelism();
  const workers = /^[0-9]{1,3}$/.test(stated) ? Number(stated) : 0;
  if (workers < 1 || workers > MOST_WORKERS)
    throw new ConfigMistake(`PORTVAKT_WORKERS: must be a whole number from 1 to ${MOST_WORKERS}`);
  return workers;
}

/** What is told to `portvakt dev`, and not left to the defaults. */
export type DevSettings = {
  readonly dataDir: string;
  readonly port: number;
  readonly issuer?: string;
  /** Absolute. */
  readonly sourceKeys?: Readonly<Record<string, string>>;
  /** Requests a minute; what is absent is off, for a developer's tests are all of one client and one address. */
  readonly limits?: Partial<LimitSettings>;
  /** Where it is watched, on loopback; 0 takes a free port. Absent: nowhere. */
  readonly operationsPort?: number;
};

/** The configuration of `portvakt dev`: every default, in the test environment, on loopback, and one port alone unless told. */
export function devConfig({ dataDir, port, issuer, sourceKeys = {}, limits: wished = {}, operationsPort }: DevSettings): Config {
  const settings = configSchema.parse({
    environment: 'test',
    listen: { port },
    operations: { listen: operationsPort === undefined ? 'off' : `127.0.0.1:${operationsPort}` },
    shutdown: { delay_seconds: 0 },
    limits: { client: 'off', organization: 'off' },
    ...(issuer !== undefined && { issuer }),
  });
  const config = toConfig(settings, { dataDir, folder: dataDir });
  // With the data, it goes when they go.
  const master = { kind: 'file', file: join(dataDir, 'master.key'), mayBeMade: true } as const;
  return { ...config, keys: { master, sealsPlain: true }, sourceKeys, limits: { ...config.limits, ...wished } };
}

function read(file: string): string {
  try {
    return readConfigText(file);
  } catch (cause) {
    throw new ConfigMistake(`${file}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

async function parse(file: string, text: string): Promise<unknown> {
  // The workers are handed what the first process has read, and need no reader.
  const { LineCounter, parseDocument } = await import('yaml');
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: true });
  const [broken] = document.errors;
  if (broken) throw new ConfigMistake(`${file}: ${broken.message}`);
  return toPlain(document, file) ?? {};
}

function judged(file: string, content: unknown): ConfigFile {
  const result = configSchema.safeParse(content);
  if (!result.success) throw new ConfigMistake(result.error.issues.flatMap((issue) => mistakes(issue, file)).join('\n'));
  assertNotInTheOpen(file, result.data);
  return result.data;
}

/** @throws {ConfigMistake} where clients would have to speak plain HTTP over a network. `PV-SEC-064` */
function assertNotInTheOpen(file: string, { behind_proxy, listen, tls, issuer }: ConfigFile): void {
  const open = listen.hosts.find((host) => !isLoopback(host));
  if (open !== undefined && !behind_proxy && !tls) {
    throw new ConfigMistake(`${file}: listen.hosts: ${open} is not loopback; without tls that needs behind_proxy: true`);
  }
  if (tls && issuer?.startsWith('http:')) throw new ConfigMistake(`${file}: issuer: must begin with https:// where tls is set`);
}

/** @throws {ConfigMistake} for an alias without its anchor, or more of them than any configuration has */
function toPlain(document: Document, file: string): unknown {
  try {
    return document.toJS();
  } catch (cause) {
    throw new ConfigMistake(`${file}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

function mistakes(issue: z.core.$ZodIssue, file: string): string[] {
  const field = issue.path.join('.');
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => `${file}: ${[...issue.path, key].join('.')}: is not a field`);
  return [`${file}: ${field || 'the file'}: ${issue.message}`];
}

type Place = { readonly dataDir: string; readonly folder: string };

function toConfig(settings: ConfigFile, { dataDir, folder }: Place): Config {
  const {
    issuer,
    environment,
    listen,
    tls,
    behind_proxy,
    shutdown,
    operations: watched,
    proxies,
    limits: limited,
    token: rules,
    certificates: judged,
    authorities: asked,
    keys: kept,
    source_keys: keys,
  } = settings;
  return {
    ...(issuer !== undefined && { issuer }),
    environment,
    dataDir,
    hosts: listen.hosts,
    port: listen.port,
    ...(tls && {
      tls: {
        ...{ certificate: resolve(folder, tls.certificate), key: resolve(folder, tls.key) },
        ...(issuer !== undefined && !behind_proxy && { host: new URL(issuer).hostname }),
      },
    }),
    sockets: 0,
    shutdown: { delay: shutdown.delay_seconds, timeout: shutdown.timeout_seconds },
    operations: toOperationsSettings(watched),
    proxies,
    limits: toLimitSettings(limited, proxies.length > 0),
    token: toTokenSettings(rules),
    certificates: toCertificateSettings(judged),
    authorities: { delegations: asked.delegations, systemUsers: asked.system_users, consents: asked.consents },
    keys: toKeySettings(kept, { dataDir, folder }),
    sourceKeys: Object.fromEntries(Object.entries(keys).map(([name, file]) => [name, resolve(folder, file)])),
    stated: settings,
  };
}

/** Where the master key lies when nothing is said: beside the data, so that whoever copies the data does not have it. */
export function defaultMasterKey(dataDir: string): string {
  return `${dataDir}.master-key`;
}

function toKeySettings({ master, former, rotate_every_days }: ConfigFile['keys'], { dataDir, folder }: Place): KeySettings {
  const named = ({ kind, file }: NonNullable<typeof master>): MasterKeySetting => ({
    ...{ kind, file: resolve(folder, file), mayBeMade: false },
  });
  return {
    master: master ? named(master) : { kind: 'file', file: defaultMasterKey(dataDir), mayBeMade: true },
    ...(former && { former: named(former) }),
    sealsPlain: master !== undefined,
    ...(rotate_every_days !== undefined && { rotateEvery: rotate_every_days * DAY }),
  };
}

function toOperationsSettings({ listen, ...rules }: ConfigFile['operations']): OperationsSettings {
  const address = listen === 'off' ? undefined : parseListen(listen);
  return { ...(address && { listen: address }), logLevel: rules.log_level, logTokens: rules.log_tokens };
}

/** What is admitted of one address where the file does not say. */
const OF_ADDRESS = { address: 1_200, certificate_failures: 120 };

/** @param distinguishes whether proxies tell addresses apart; without them one limit for all would let anybody shut out everybody. */
function toLimitSettings(settings: ConfigFile['limits'], distinguishes: boolean): LimitSettings {
  const { client, organization, address, certificate_failures, concurrency, queue } = {
    ...(distinguishes && OF_ADDRESS),
    ...settings,
  };
  return {
    ...(typeof client === 'number' && { client }),
    ...(typeof organization === 'number' && { organization }),
    ...(typeof address === 'number' && { address }),
    ...(typeof certificate_failures === 'number' && { certificateFailures: certificate_failures }),
    ...{ concurrency, queue },
  };
}

function toTokenSettings(rules: ConfigFile['token']): Omit<TokenSettings, 'issuer'> {
  return {
    ...DEFAULT_TOKEN_SETTINGS,
    ...(rules.iat_max_age_seconds !== undefined && { iatMaxAge: rules.iat_max_age_seconds }),
    expLeeway: rules.exp_leeway_seconds,
    requireJti: rules.require_jti,
    kidWinsOverX5c: rules.kid_wins_over_x5c,
    uniformErrors: rules.uniform_errors,
    unspecifiedAudience: rules.unspecified_audience,
    maxTokenLifetime: rules.max_lifetime_seconds,
    onBehalfOf: rules.on_behalf_of,
    integrationTypes: rules.integration_types,
    signingAlgorithms: rules.signing_algorithms,
  };
}

function toCertificateSettings(rules: ConfigFile['certificates']): CertificateSettings {
  return {
    ed25519: rules.accept_ed25519,
    nameSpaces: rules.name_spaces.map(({ prefix, icd, form, identifier }) => ({
      ...{ prefix, code: icd },
      ...(form !== undefined && { register: new RegExp(`(?=[A-Za-z0-9.-]{1,35}$)(?:${form})`) }),
      ...(identifier !== undefined && { form: new RegExp(`^(?:${identifier})$`) }),
    })),
    sealAmr: rules.statements_decide_amr,
    ocspFirst: rules.ocsp === 'first',
    fetchEvery: rules.fetch_minutes * MINUTE,
    grace: rules.grace_hours * HOUR,
    allowSoft: rules.allow_soft_in_production,
    allowPrivate: rules.allow_private_addresses,
  };
}

/**
 * The settings that make the server believe more than it does by itself, spelled as in the file: they are listed at the start.
 * `PV-SEC-126`
 */
export function weakenings({ token, certificates, hosts, tls }: Config): readonly string[] {
  const found: Readonly<Record<string, boolean>> = {
    'behind_proxy: true, and plain HTTP is taken from elsewhere': !tls && !hosts.every(isLoopback),
    [`token.exp_leeway_seconds: ${token.expLeeway}`]: token.expLeeway > 0,
    'token.kid_wins_over_x5c: true': token.kidWinsOverX5c,
    'token.on_behalf_of: true': token.onBehalfOf,
    'certificates.allow_soft_in_production: true': certificates.allowSoft,
    'certificates.allow_private_addresses: true': certificates.allowPrivate,
    [`certificates.grace_hours: ${certificates.grace / HOUR}`]: certificates.grace > 24 * HOUR,
  };
  return Object.entries(found).flatMap(([text, isOn]) => (isOn ? text : []));
}
