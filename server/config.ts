import { readFile } from 'node:fs/promises';
import { isIP, isIPv6 } from 'node:net';
import { availableParallelism } from 'node:os';
import { dirname, resolve } from 'node:path';
import { type Document, LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import type { LimitSettings } from './core/limits.ts';
import { isKnownRegister, NORWAY } from './core/organization.ts';
import { INTEGRATION_TYPES } from './core/scope.ts';
import { type AuthoritySettings, DEFAULT_TOKEN_SETTINGS, type TokenSettings } from './core/settings.ts';
import { CONTRACT_ALGORITHM, SIGNING_ALGORITHMS } from './core/signing-algorithm.ts';
import { isSourceName } from './core/source.ts';
import { HOUR, MINUTE } from './core/time.ts';

const token = z.strictObject({
  iat_max_age_seconds: z
    .int()
    .min(1)
    .max(120)
    .optional()
    .describe('how old `iat` may be; unset, `exp` alone bounds it; 10 is the documentation read literally'),
  exp_leeway_seconds: z.int().min(0).max(60).default(0).describe('how long after `exp` an assertion still counts'),
  require_jti: z.boolean().default(false).describe('refuse an assertion without `jti`'),
  kid_wins_over_x5c: z
    .boolean()
    .default(false)
    .describe('let `kid` decide when an assertion carries `x5c` too, instead of refusing it'),
  uniform_errors: z
    .boolean()
    .default(false)
    .describe('answer MP-100 for every refusal that would tell whether a client, key or certificate is known'),
  unspecified_audience: z.boolean().default(false).describe('say `"aud": "unspecified"` in a token that has no audience'),
  max_lifetime_seconds: z.int().min(1).max(HOUR).default(HOUR).describe('no token lives longer, whatever clients and scopes say'),
  on_behalf_of: z
    .boolean()
    .default(false)
    .describe('let a client name a customer registered beneath it, by the deprecated `iss_onbehalfof`'),
  integration_types: z
    .array(z.enum(INTEGRATION_TYPES))
    .min(1)
    .default(['maskinporten'])
    .describe('kinds of client that may fetch tokens'),
  signing_algorithms: z
    .array(z.enum(SIGNING_ALGORITHMS))
    .refine((names) => new Set(names).size === names.length, 'must name each algorithm once')
    .refine(
      (names) => names.includes(CONTRACT_ALGORITHM),
      `must hold ${CONTRACT_ALGORITHM}, which the own API and the contract ask for`,
    )
    .default([CONTRACT_ALGORITHM])
    .describe(
      'what access tokens are signed with, each with a key of its own in `/jwk`: `RS256`, `PS256`, `ES256`, `EdDSA`; the first where a scope asks for none with `access_token_signing_alg`',
    ),
});

const answering = z
  .string()
  .refine((name) => name === 'local' || name === 'off' || isSourceName(name), 'must be local, off, or the name of a source')
  .default('local');

const authorities = z.strictObject({
  delegations: z
    .enum(['local', 'off'])
    .default('local')
    .describe("whether this server's own register answers for scopes that name this server as their delegation source"),
  system_users: answering.describe(
    'who answers for system users: `local` is the own register, `off` nobody, or the name of a source',
  ),
  consents: answering.describe('who answers for consents, in the same way'),
});

const nameSpace = z
  .strictObject({
    prefix: z
      .string()
      .regex(/^(?:NTR|VAT|PSD)[A-Z]{2}$/, 'must be NTR, VAT or PSD and a country, such as NTRPL')
      .describe('what an identifier begins with, before its hyphen'),
    icd: z
      .string()
      .regex(/^[0-9]{4}$/, 'must be four digits')
      .describe('the ISO 6523 code of the register'),
    form: z
      .string()
      .max(200)
      .refine(isPattern, 'must be a regular expression')
      .optional()
      .describe(
        "what the register's numbers look like as a whole, as a regular expression; needless for a register that is known",
      ),
    identifier: z
      .string()
      .max(200)
      .refine(isPattern, 'must be a regular expression')
      .optional()
      .describe('what stands behind the hyphen, where it is more than the number: its first group is the number'),
  })
  .refine(({ prefix, icd }) => icd !== NORWAY || prefix.endsWith('NO'), 'must not let another country assert Norwegian numbers')
  .refine(({ icd, form }) => form !== undefined || isKnownRegister(icd), 'must have a form: the register is not known');

const certificates = z.strictObject({
  accept_ed25519: z.boolean().default(false).describe('accept certificates that are signed with Ed25519, or hold such a key'),
  name_spaces: z
    .array(nameSpace)
    .max(100)
    .refine((spaces) => new Set(spaces.map(({ prefix }) => prefix)).size === spaces.length, 'must name each prefix once')
    .default([])
    .describe(
      'registers of organisations besides NTRNO, NTRSE, NTRDK and NTRFI, which stay as they are: `prefix` of the identifier, such as `NTRPL`; `icd`, the ISO 6523 code of the register; `form`, a regular expression of its numbers, needless for one that is known; `identifier`, one of what stands behind the hyphen where that is more than the number, which is its first group',
    ),
  statements_decide_amr: z
    .boolean()
    .default(false)
    .describe("let a certificate's qualified statements decide on `client_amr` in every profile, not in `eidas-seal` alone"),
  ocsp: z
    .enum(['second', 'first'])
    .default('second')
    .describe('whether responders are asked where lists do not answer, or lists count where responders do not'),
  fetch_minutes: z.int().min(1).max(60).default(15).describe('how often a revocation list is fetched anew'),
  grace_hours: z
    .int()
    .min(0)
    .max(72)
    .default(24)
    .describe('how long a revocation list counts after its end, below anchors with the policy `grace`'),
  allow_soft_in_production: z
    .boolean()
    .default(false)
    .describe('let production anchors have the policy `soft`, by which a certificate nobody knows anything of is accepted'),
  allow_private_addresses: z
    .boolean()
    .default(false)
    .describe('fetch revocation lists and ask responders at addresses of the own machine and of private networks, too'),
});

const operations = z.strictObject({
  listen: z
    .string()
    .refine(
      (text) => text === 'off' || parseListen(text) !== undefined,
      'must be off, or an IP address and a port, such as 127.0.0.1:7301',
    )
    .default('127.0.0.1:7301')
    .describe(
      'address and port that `/metrics` and `/health/` answer at, apart from clients; `off` for none, port 0 for a free one',
    ),
  log_level: z.enum(['info', 'warn', 'error']).default('info').describe('the least that is logged; a refusal is `info`'),
  log_tokens: z.boolean().default(false).describe('log a line for every token; refusals have theirs in any case'),
});

/** Requests a minute, or no limit. */
const perMinute = z.union([z.literal('off'), z.int().min(1).max(10_000_000)]);

const limits = z.strictObject({
  client: perMinute.default(6_000).describe('requests a minute that one client signs'),
  organization: perMinute
    .default(30_000)
    .describe(
      'requests a minute that all clients of one organisation sign; those a supplier has made for customers count for it',
    ),
  address: perMinute
    .optional()
    .describe(
      'requests a minute from one address that nobody has proven to have sent; 1200 where `proxies` says who stands in front, otherwise off, because all would come from one address',
    ),
  certificate_failures: perMinute
    .optional()
    .describe(
      'certificate chains a minute from one address that are judged and refused; 120 where `proxies` is set, otherwise off',
    ),
  concurrency: z
    .int()
    .min(1)
    .max(100_000)
    .default(1_000)
    .describe('requests that are worked on at a time; a tenth is kept for the self-service API'),
  queue: z.int().min(1).max(100_000).default(1_000).describe('requests that may wait for their turn'),
});

const cli = z.strictObject({
  context: z.string().optional().describe('as `--context`'),
  output: z.string().optional().describe('as `--output`'),
  timeout: z.string().optional().describe('as `--timeout`, such as `30s`'),
  color: z.string().optional().describe('as `--color`'),
});

/** The configuration file: each field with its type, default and meaning. docs/reference/config.md is made from it. */
export const configSchema = z.strictObject({
  issuer: z
    .string()
    .refine(isIssuer, 'must be an https address of a host alone, ending in a slash; http only for localhost')
    .optional()
    .describe("this server's name, the `iss` of its tokens, such as `https://token.example.no/`"),
  environment: z
    .enum(['production', 'test'])
    .default('production')
    .describe('certificates of the other environment are never trusted'),
  data_dir: z
    .string()
    .min(1)
    .optional()
    .describe('folder of the database and the keys, relative to the file; `PORTVAKT_DATA` stands above it'),
  listen: z
    .strictObject({
      hosts: z
        .array(z.string().refine((host) => isIP(host) !== 0, 'must be an IP address'))
        .min(1)
        .default(['127.0.0.1', '::1'])
        .describe('addresses to listen on; other than loopback only with `behind_proxy`'),
      port: z.int().min(0).max(65535).default(7300).describe('TCP port; 0 takes a free one'),
    })
    .prefault({})
    .describe('where connections are taken'),
  behind_proxy: z
    .boolean()
    .default(false)
    .describe('a proxy with TLS stands in front, so that listening beyond loopback is safe'),
  proxies: z
    .array(z.string().refine(isNetwork, 'must be an IP address, or a network such as 10.0.0.0/8'))
    .max(100)
    .default([])
    .describe(
      'addresses or networks of the proxies in front, whose `X-Forwarded-For` says where a request comes from; that of anybody else is ignored',
    ),
  limits: limits
    .prefault({})
    .describe('how much may be asked of the token endpoint, and by whom; each worker has its share. `off` is no limit'),
  shutdown: z
    .strictObject({
      delay_seconds: z
        .int()
        .min(0)
        .max(60)
        .default(3)
        .describe('how long it goes on answering after it has said that it is not ready, so that a balancer can turn away'),
      timeout_seconds: z.int().min(1).max(300).default(20).describe('how long requests may then take to be finished'),
    })
    .prefault({})
    .describe('how the server stops, and how a worker is replaced'),
  operations: operations.prefault({}).describe('how the server is watched'),
  token: token.prefault({}).describe('rules of tokens; every default is as Maskinporten does it'),
  cli: cli.optional().describe('defaults of the command line in this folder and below; the server reads none of it'),
  certificates: certificates.prefault({}).describe('how enterprise certificates are judged'),
  authorities: authorities.prefault({}).describe('who is asked whether one may act for another'),
  source_keys: z
    .record(z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, 'must be a name of letters, digits, ".", "_" and "-"'), z.string().min(1))
    .default({})
    .describe(
      'private keys that sources name: RSA in PEM, mode 0600, files relative to this one; a key is registered at the source under its RFC 7638 thumbprint as `kid`',
    ),
});

/** What the server runs by. */
export type Config = {
  /** Absent only where the port decides it: `http://localhost:PORT/`. */
  readonly issuer?: string;
  readonly environment: 'production' | 'test';
  /** Absolute. */
  readonly dataDir: string;
  readonly hosts: readonly string[];
  readonly port: number;
  /** Seconds. Without a delay idle connections are closed at once. */
  readonly shutdown: { readonly delay: number; readonly timeout: number };
  readonly operations: OperationsSettings;
  /** Addresses or networks that X-Forwarded-For is believed from. `PV-SEC-065` */
  readonly proxies: readonly string[];
  readonly limits: LimitSettings;
  readonly token: Omit<TokenSettings, 'issuer'>;
  readonly certificates: CertificateSettings;
  readonly authorities: AuthoritySettings;
  /** Files of private keys by the name that sources give them; absolute. */
  readonly sourceKeys: Readonly<Record<string, string>>;
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
 * Reads and judges a configuration file. Unknown fields are mistakes. `PV-SEC-126`
 * @throws {ConfigMistake} naming every field that is wrong.
 */
export async function readConfig(file: string, environment: NodeJS.ProcessEnv = process.env): Promise<Config> {
  const settings = parse(file, await read(file));
  const stated = environment.PORTVAKT_DATA || undefined;
  const dataDir = stated ?? settings.data_dir;
  if (settings.issuer === undefined) throw new ConfigMistake(`${file}: issuer: is missing`);
  if (dataDir === undefined) throw new ConfigMistake(`${file}: data_dir: is missing, and PORTVAKT_DATA is not set`);
  const folder = dirname(file);
  return toConfig(settings, {
    dataDir: stated === undefined ? resolve(folder, dataDir) : resolve(stated),
    folder,
  });
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
};

/** The configuration of `portvakt dev`: every default, in the test environment, on loopback, and one port alone. */
export function devConfig({ dataDir, port, issuer, sourceKeys = {}, limits: wished = {} }: DevSettings): Config {
  const settings = configSchema.parse({
    environment: 'test',
    listen: { port },
    operations: { listen: 'off' },
    shutdown: { delay_seconds: 0 },
    limits: { client: 'off', organization: 'off' },
    ...(issuer !== undefined && { issuer }),
  });
  const config = toConfig(settings, { dataDir, folder: dataDir });
  return { ...config, sourceKeys, limits: { ...config.limits, ...wished } };
}

/** Whether the text can be an issuer: https (or http on loopback), a host alone, and the final slash. `PV-SEC-069`, contract §4.1 */
export function isIssuer(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  const secure = url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname));
  return secure && url.pathname === '/' && url.href === text && url.username === '' && !/[?#]/.test(text);
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || host === '::1' || /^127\.[0-9.]+$/.test(host);
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new ConfigMistake(`${file}: cannot be read: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

function parse(file: string, text: string): z.infer<typeof configSchema> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: true });
  const [broken] = document.errors;
  if (broken) throw new ConfigMistake(`${file}: ${broken.message}`);
  const result = configSchema.safeParse(toPlain(document, file) ?? {});
  if (!result.success) throw new ConfigMistake(result.error.issues.flatMap((issue) => mistakes(issue, file)).join('\n'));
  const { behind_proxy, listen } = result.data;
  const open = listen.hosts.find((host) => !isLoopback(host));
  if (open !== undefined && !behind_proxy) {
    throw new ConfigMistake(`${file}: listen.hosts: ${open} is not loopback; without TLS that needs behind_proxy: true`);
  }
  return result.data;
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

function toConfig(
  settings: z.infer<typeof configSchema>,
  { dataDir, folder }: { readonly dataDir: string; readonly folder: string },
): Config {
  const {
    issuer,
    environment,
    listen,
    shutdown,
    operations: watched,
    proxies,
    limits: limited,
    token: rules,
    certificates: judged,
    authorities: asked,
    source_keys: keys,
  } = settings;
  return {
    ...(issuer !== undefined && { issuer }),
    environment,
    dataDir,
    hosts: listen.hosts,
    port: listen.port,
    shutdown: { delay: shutdown.delay_seconds, timeout: shutdown.timeout_seconds },
    operations: toOperationsSettings(watched),
    proxies,
    limits: toLimitSettings(limited, proxies.length > 0),
    token: toTokenSettings(rules),
    certificates: toCertificateSettings(judged),
    authorities: { delegations: asked.delegations, systemUsers: asked.system_users, consents: asked.consents },
    sourceKeys: Object.fromEntries(Object.entries(keys).map(([name, file]) => [name, resolve(folder, file)])),
  };
}

function toOperationsSettings({ listen, ...rules }: z.infer<typeof operations>): OperationsSettings {
  const address = listen === 'off' ? undefined : parseListen(listen);
  return { ...(address && { listen: address }), logLevel: rules.log_level, logTokens: rules.log_tokens };
}

/** An address and a port, an IPv6 address in brackets. @returns undefined for anything else */
function parseListen(text: string): OperationsSettings['listen'] {
  const { four, six, port } = /^(?:(?<four>[0-9.]+)|\[(?<six>[0-9A-Fa-f:.]+)\]):(?<port>[0-9]{1,5})$/.exec(text)?.groups ?? {};
  const host = four ?? six ?? '';
  return isIP(host) !== 0 && Number(port) <= 65535 ? { host, port: Number(port) } : undefined;
}

/** What is admitted of one address where the file does not say. */
const OF_ADDRESS = { address: 1_200, certificate_failures: 120 };

/** @param distinguishes whether proxies tell addresses apart; without them one limit for all would let anybody shut out everybody. */
function toLimitSettings(settings: z.infer<typeof limits>, distinguishes: boolean): LimitSettings {
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

/** An address, or one with the number of its leading bits that count. */
function isNetwork(text: string): boolean {
  const [, address = '', bits] = /^([0-9A-Fa-f:.]+)(?:\/([0-9]{1,3}))?$/.exec(text) ?? [];
  return isIP(address) !== 0 && Number(bits ?? 0) <= (isIPv6(address) ? 128 : 32);
}

function toTokenSettings(rules: z.infer<typeof token>): Omit<TokenSettings, 'issuer'> {
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

function toCertificateSettings(rules: z.infer<typeof certificates>): CertificateSettings {
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

function isPattern(text: string): boolean {
  try {
    return new RegExp(text).source !== '';
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

/**
 * The settings that make the server believe more than it does by itself, spelled as in the file: they are listed at the start.
 * `PV-SEC-126`
 */
export function weakenings({ token, certificates, hosts }: Config): readonly string[] {
  const found: Readonly<Record<string, boolean>> = {
    'behind_proxy: true, and plain HTTP is taken from elsewhere': !hosts.every(isLoopback),
    [`token.exp_leeway_seconds: ${token.expLeeway}`]: token.expLeeway > 0,
    'token.kid_wins_over_x5c: true': token.kidWinsOverX5c,
    'token.on_behalf_of: true': token.onBehalfOf,
    'certificates.allow_soft_in_production: true': certificates.allowSoft,
    'certificates.allow_private_addresses: true': certificates.allowPrivate,
    [`certificates.grace_hours: ${certificates.grace / HOUR}`]: certificates.grace > 24 * HOUR,
  };
  return Object.entries(found).flatMap(([text, isOn]) => (isOn ? text : []));
}
