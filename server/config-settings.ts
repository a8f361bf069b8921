import { resolve } from 'node:path';
import { type ConfigFile, isLoopback, parseListen } from './config-schema.ts';
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
  /** Absent: the file `portvakt.db` in the data directory. */
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
  readonly explanations: ExplanationSettings;
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
  readonly changeMark?: string;
};

/** How the server is watched. */
export type OperationsSettings = {
  /** Where metrics and health are answered apart from clients; absent: nowhere. `PV-SEC-070` */
  readonly listen?: { readonly host: string; readonly port: number };
  readonly logLevel: 'info' | 'warn' | 'error';
  readonly logTokens: boolean;
};

/** What is kept to explain refusals. User experience §7 */
export type ExplanationSettings = {
  /** Seconds; 0: nothing is. */
  readonly keep: number;
  /** Most that a worker explains of what clients have signed. */
  readonly perSecond: number;
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

/** Where the data lie, and what relative paths begin at. */
type Place = { readonly dataDir: string; readonly folder: string };

/** What a configuration file comes to, once it was judged: paths absolute, times in seconds. */
export function toConfig(settings: ConfigFile, { dataDir, folder }: Place): Config {
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
    explanations: explained,
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
    token: { ...toTokenSettings(rules), explainsToAll: explained.to_all },
    explanations: { keep: explained.keep_days * DAY, perSecond: explained.per_second },
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
export function weakenings({ token, certificates, hosts, tls, source }: Config): readonly string[] {
  const found: Readonly<Record<string, boolean>> = {
    'behind_proxy: true, and plain HTTP is taken from elsewhere': !tls && !hosts.every(isLoopback),
    [`token.exp_leeway_seconds: ${token.expLeeway}`]: token.expLeeway > 0,
    'token.kid_wins_over_x5c: true': token.kidWinsOverX5c,
    'token.on_behalf_of: true': token.onBehalfOf,
    // Where no file was read it is a made-up world.
    'explanations.to_all: true': token.explainsToAll && source !== undefined,
    'certificates.allow_soft_in_production: true': certificates.allowSoft,
    'certificates.allow_private_addresses: true': certificates.allowPrivate,
    [`certificates.grace_hours: ${certificates.grace / HOUR}`]: certificates.grace > 24 * HOUR,
  };
  return Object.entries(found).flatMap(([text, isOn]) => (isOn ? text : []));
}
