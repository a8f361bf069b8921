import { fileURLToPath } from 'node:url';
import type { DataDirectory } from './data-directory.ts';
import { type ServerProcess, startServerProcess } from './server-process.ts';

/** A server that is asked for tokens. */
export type LoadedServer = {
  readonly issuer: string;
  /** On 127.0.0.1. */
  readonly port: number;
  /** Microseconds of CPU, user and system, that all its processes have used so far. */
  cpu(): Promise<number>;
  stop(): Promise<void>;
};

/** Portvakt as it really runs: `portvakt serve` with its workers, on its own configured data directory. */
export type Portvakt = LoadedServer & ServerProcess;

export type Serving = {
  readonly workers: number;
  /** For the first process and, as Node hands them on, for all others. */
  readonly nodeOptions?: readonly string[];
};

/** The program. */
export const PORTVAKT = fileURLToPath(new URL('../cli/bin.js', import.meta.url));

/** Runs `portvakt serve` on a data directory. The directory stays. */
export async function servePortvakt(directory: DataDirectory, { workers, nodeOptions = [] }: Serving): Promise<Portvakt> {
  const server = await startServerProcess({
    args: [...nodeOptions, PORTVAKT, 'serve', '--config', directory.config, '--output', 'json'],
    env: { PORTVAKT_WORKERS: `${workers}` },
  });
  const { issuer, port } = directory;
  return { ...server, issuer, port };
}
