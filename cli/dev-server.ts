import { createHash } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EpochSeconds } from '../server/core/time.ts';
import { findPrivateFolder, makePrivateFolder } from './private-folder.ts';

/** Where a running dev server keeps its world, told to the commands in other terminals. */
export type DevServer = {
  readonly issuer: string;
  readonly data_dir: string;
  readonly pid: number;
  /** How far ahead of this machine's clock it lives. */
  readonly clock_offset_seconds: number;
};

/** Tells the commands of this user that the server runs. @returns what takes it back. */
export async function announce(server: DevServer): Promise<() => Promise<void>> {
  const file = join(await makePrivateFolder('dev'), fileName(server.issuer));
  await writeFile(file, JSON.stringify(server), { mode: 0o600 });
  // Another server with the same issuer may have taken the name since.
  return async () => ((await read(file))?.pid === server.pid ? rm(file, { force: true }) : undefined);
}

/** The dev server of this user that runs with the issuer. */
export async function findDevServer(issuer: string): Promise<DevServer | undefined> {
  const folder = await findPrivateFolder('dev');
  return folder === undefined ? undefined : read(join(folder, fileName(issuer)));
}

/** Every dev server of this user that runs. */
export async function listDevServers(): Promise<readonly DevServer[]> {
  const folder = await findPrivateFolder('dev');
  if (folder === undefined) return [];
  const servers = await Promise.all((await readdir(folder)).map((name) => read(join(folder, name))));
  return servers.filter((server) => server !== undefined);
}

/** The clock by which the issuer lives: this machine's, shifted where a dev server says so. */
export function clockOf(server: DevServer | undefined): () => EpochSeconds {
  return () => Math.floor(Date.now() / 1000 + (server?.clock_offset_seconds ?? 0));
}

function fileName(issuer: string): string {
  return `${createHash('sha256').update(issuer).digest('hex').slice(0, 32)}.json`;
}

/** A file whose process is gone was left by a server that could not clean up, and says nothing. */
async function read(file: string): Promise<DevServer | undefined> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  if (text === undefined) return undefined;
  const server = JSON.parse(text) as DevServer;
  return isAlive(server.pid) ? server : undefined;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
