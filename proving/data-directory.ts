import { rmSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { type Installation, installWorld, type World } from '../fixtures/world.ts';
import { readConfig } from '../server/config.ts';
import type { Storage } from '../server/core/ports.ts';
import { openFoundations } from '../server/foundations.ts';
import { leaveNothing } from './leftovers.ts';

/** A configuration with database and keys, as `portvakt init` would have made it. */
export type DataDirectory = {
  readonly issuer: string;
  readonly port: number;
  /** The configuration file. */
  readonly config: string;
  /** Where the store is, as `openStorage` takes it. */
  readonly database: string;
  remove(): Promise<void>;
};

/** Registers more than the world. */
export type Filling = (storage: Storage, installation: Installation) => Promise<void>;

/**
 * Makes a data directory among the temporary files.
 * @param fill has the open store, before any key is made.
 * @param store a PostgreSQL database with the schema and nothing in it, instead of a file.
 */
export async function makeDataDirectory(world: World, fill?: Filling, store?: string): Promise<DataDirectory> {
  const port = await freePort();
  const issuer = `http://localhost:${port}/`;
  const { folder, file, remove } = await temporaryFolder();
  await writeFile(file, stringify(settings({ issuer, port, store })));
  const config = await readConfig(file, {});
  const installation = { now: Math.floor(Date.now() / 1000), correlationId: '0'.repeat(32), issuer };
  const { storage } = await openFoundations(config, {
    prepare: async (store) => {
      await installWorld(world, store, installation);
      await fill?.(store, installation);
    },
  });
  await storage.close();
  return { issuer, port, config: file, database: store ?? join(folder, 'data', 'portvakt.db'), remove };
}

/** Makes another node's: the same issuer, the same keys and the same PostgreSQL database, on a port of its own. */
export async function makeNodeOf(first: DataDirectory): Promise<DataDirectory> {
  const port = await freePort();
  const { folder, file, remove } = await temporaryFolder();
  await cp(dirname(first.config), folder, { recursive: true });
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.replace(`port: ${first.port}`, `port: ${port}`));
  return { ...first, port, config: file, remove };
}

async function temporaryFolder(): Promise<{ readonly folder: string; readonly file: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'portvakt-proving-'));
  const forget = leaveNothing(() => rmSync(folder, { recursive: true, force: true }));
  const remove = async (): Promise<void> => {
    await rm(folder, { recursive: true, force: true });
    forget();
  };
  return { folder, file: join(folder, 'portvakt.yaml'), remove };
}

type Settings = { readonly issuer: string; readonly port: number; readonly store: string | undefined };

/**
 * What the measured server is configured with: the defaults, but for what a benchmark cannot do without. This is the one place where
 * something is switched on or off for it.
 */
function settings({ issuer, port, store }: Settings): object {
  return {
    issuer,
    environment: 'test',
    data_dir: 'data',
    ...(store !== undefined && { store: { url: store } }),
    listen: { hosts: ['127.0.0.1'], port },
    shutdown: { delay_seconds: 0 },
    operations: { listen: '127.0.0.1:0' },
    // Counted as ever, and never reached.
    limits: { client: 10_000_000, organization: 10_000_000 },
  };
}

/** The issuer names the port, and is told to the store before the server listens. */
export async function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' ? address?.port : undefined;
      server.close(() => (port === undefined ? reject(new Error('no port is free')) : resolve(port)));
    });
  });
}
