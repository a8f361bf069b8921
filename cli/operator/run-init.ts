import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';
import { stringify } from 'yaml';
import { installWorld, type World } from '../../fixtures/world.ts';
import { readWorldFile, type WorldInFile } from '../../fixtures/world-file.ts';
import { makeMasterKeyFile } from '../../keys/master-key.ts';
import { type Config, defaultMasterKey, readConfig } from '../../server/config.ts';
import { openFoundations } from '../../server/foundations.ts';
import { Failure } from '../failure.ts';
import type { View } from '../output.ts';
import { stopSignal } from '../signals.ts';
import type { Terminal } from '../terminal.ts';
import { makeDataFolder, makeFolder } from './empty-folder.ts';
import { assertIssuer } from './issuer-flag.ts';

export type InitOptions = {
  readonly issuer: string;
  readonly config: string;
  readonly data: string;
  readonly world?: string;
  readonly environment?: Config['environment'];
};

type Initialized = {
  readonly issuer: string;
  readonly environment: Config['environment'];
  readonly config_file: string;
  readonly data_dir: string;
  readonly master_key_file: string;
};

/**
 * Writes configuration and data directory, or neither.
 * @throws {Failure | WorldMistakes | StoreUnavailable}
 */
export async function init(options: InitOptions, terminal: Terminal): Promise<void> {
  const { issuer, config, data, world: worldFile } = options;
  assertIssuer(issuer);
  const world = worldFile === undefined ? undefined : await readWorldFile(worldFile);
  const environment = options.environment ?? world?.trust[0]?.environment ?? 'production';
  if (world) assertTrusted(world, environment);
  // It takes a second or two, and is finished or taken back: a Ctrl-C between would leave half of it.
  void stopSignal();
  const master_key_file = defaultMasterKey(data.replace(/(?<=.)[/\\\\]+$/, ''));
  await write({ ...options, environment, master_key_file }, world);
  terminal.say(`${config} is the configuration; ${data} holds database and keys`);
  terminal.say(`${master_key_file} opens the keys: keep a copy of it, and not with those of the data`);
  await terminal.answer({ issuer, environment, config_file: config, data_dir: data, master_key_file }, view);
  terminal.next(`portvakt serve --config ${config}`);
}

/** @throws {Failure} `invalid`: a server trusts the certificates of one environment. `PV-SEC-052` */
function assertTrusted({ trust }: World, environment: Config['environment']): void {
  const other = trust.find((entry) => entry.environment !== environment);
  if (other)
    throw new Failure('invalid', `the world's trust entries are for ${other.environment}, not ${environment}`, {
      fix: `portvakt init --environment ${other.environment}`,
    });
}

/** Configuration, master key and data directory, or none of them. */
async function write(
  { issuer, environment, config, data, master_key_file }: InitOptions & Pick<Initialized, 'environment' | 'master_key_file'>,
  world: WorldInFile | undefined,
): Promise<void> {
  const file = resolve(config);
  const undo: (() => Promise<void>)[] = [];
  try {
    undo.unshift((await makeFolder(dirname(file))).undo);
    const near = (path: string) => spell(resolve(path), dirname(file));
    const keys = { master: { kind: 'file', file: near(master_key_file) } };
    const settings = { issuer, environment, data_dir: near(data), keys, ...keysOf(world, dirname(file)) };
    await writeFile(file, configText(settings), { flag: 'wx', mode: 0o600 });
    undo.unshift(() => rm(file));
    const folder = await makeDataFolder(data);
    undo.unshift(folder.undo);
    if (!folder.isEmpty) throw new Failure('conflict', `${data} is not empty`, { fix: 'choose another folder with --data' });
    if (!makeMasterKeyFile(resolve(master_key_file)))
      throw new Failure('conflict', `${master_key_file} exists, and may be what other keys are sealed with`, {
        fix: 'move it away if nothing needs it, or choose another folder with --data',
      });
    undo.unshift(() => rm(resolve(master_key_file)));
    await fill(await readConfig(file, {}), world);
  } catch (error) {
    for (const step of undo) await step();
    throw error;
  }
}

/** The private keys that the world's sources name stay where they are. */
function keysOf(world: WorldInFile | undefined, folder: string): { readonly source_keys?: object } {
  const keys = Object.entries(world?.sourceKeys ?? {}).map(([name, file]) => [name, spell(file, folder)]);
  return keys.length === 0 ? {} : { source_keys: Object.fromEntries(keys) };
}

function configText(settings: object): string {
  return `# What portvakt serve runs by. Every field with its default: docs/reference/config.md\n${stringify(settings)}`;
}

/** Relative to the configuration where the data lies beside or below it, so that both can be moved together. */
function spell(data: string, folder: string): string {
  const path = relative(folder, data);
  return path.startsWith('..') ? data : path;
}

/** Makes database and signing key as the server's first start would, and registers the world. */
async function fill(config: Config, world: World | undefined): Promise<void> {
  const { issuer = '' } = config;
  const installation = { now: Math.floor(Date.now() / 1000), correlationId: randomBytes(16).toString('hex'), issuer };
  const { storage } = await openFoundations(config, {
    prepare: async (store) => (world ? installWorld(world, store, installation) : undefined),
  });
  await storage.close();
}

const view: View<Initialized> = {
  fields: [
    { name: 'issuer' },
    { name: 'environment' },
    { name: 'config_file' },
    { name: 'data_dir' },
    { name: 'master_key_file' },
  ],
  name: ({ config_file }) => `config/${config_file}`,
};
