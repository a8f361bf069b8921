import { readFile, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { Document } from 'yaml';
import type { z } from 'zod';
import { type ConfigFile, configSchema, isLoopback } from './config-schema.ts';
import { type Config, type ConfigSource, type StoreSettings, toConfig } from './config-settings.ts';
import { readConfigText } from './config-text.ts';
import type { LimitSettings } from './core/limits.ts';

export type { Config, ConfigSource, OperationsSettings, StoreSettings, TlsSettings } from './config-settings.ts';
export { defaultMasterKey, weakenings } from './config-settings.ts';

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

/** The store that a configuration names, and by what its processes here tell each other of changes: by itself a SQLite file in the data directory. */
export function storeOf({ store, dataDir }: Pick<Config, 'store' | 'dataDir'>): StoreSettings {
  return store ? { ...store, changeMark: join(dataDir, 'changed') } : { location: join(dataDir, 'portvakt.db') };
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
    // One developer's world, who wants to see all of it.
    explanations: { to_all: true, per_second: 1_000 },
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

/** @throws {ConfigMistake} where clients would have to speak plain HTTP over a network, or everybody's refusals were shown. `PV-SEC-064` */
function assertNotInTheOpen(file: string, { behind_proxy, listen, tls, issuer, explanations, environment }: ConfigFile): void {
  const open = listen.hosts.find((host) => !isLoopback(host));
  if (open !== undefined && !behind_proxy && !tls) {
    throw new ConfigMistake(`${file}: listen.hosts: ${open} is not loopback; without tls that needs behind_proxy: true`);
  }
  if (explanations.to_all && environment !== 'test')
    throw new ConfigMistake(`${file}: explanations.to_all: only with environment: test`);
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
