import { fileURLToPath } from 'node:url';
import { type DataDirectory, makeDataDirectory } from '../data-directory.ts';
import type { Presigner } from '../load/presigner.ts';
import { type ServerProcess, startServerProcess } from '../processes/server-process.ts';
import { installDelegations } from './delegations.ts';
import { worldOfRun } from './made-world.ts';
import { delegationsTo, portvaktKinds } from './portvakt-kinds.ts';
import type { LoadedServer, Target } from './target.ts';

/** Portvakt as it really runs: `portvakt serve` with its workers, on its own configured data directory. */
export type Portvakt = LoadedServer & Pick<ServerProcess, 'workers' | 'signal' | 'startTime'>;

export type Serving = {
  readonly workers: number;
  /** For the first process and, as Node hands them on, for all others. */
  readonly nodeOptions?: readonly string[];
};

/** The program. */
export const PORTVAKT = fileURLToPath(new URL('../../cli/bin.js', import.meta.url));

/** Runs `portvakt serve` on a data directory. The directory stays. */
export async function servePortvakt(directory: DataDirectory, { workers, nodeOptions = [] }: Serving): Promise<Portvakt> {
  const server = await startServerProcess({
    args: [...nodeOptions, PORTVAKT, 'serve', '--config', directory.config, '--output', 'json'],
    env: { PORTVAKT_WORKERS: `${workers}` },
  });
  const { issuer, port } = directory;
  return { ...server, issuer, port };
}

/** A Portvakt with the made-up world and a register of delegations, and the kinds of request to it; stopping it removes its data. */
export async function startPortvakt(
  presigner: Presigner,
  { delegations, ...serving }: Serving & { readonly delegations: number },
): Promise<{ readonly server: Portvakt; readonly targets: readonly [Target, ...Target[]] }> {
  const { world, clients } = await worldOfRun();
  const order = delegationsTo(delegations);
  const directory = await makeDataDirectory(world, (storage, { now }) => installDelegations(storage, order, now));
  try {
    const serve = await servePortvakt(directory, serving);
    const server = { ...serve, stop: () => serve.stop().finally(directory.remove) };
    return { server, targets: portvaktKinds(server, presigner, { clients, order }) };
  } catch (error) {
    await directory.remove();
    throw error;
  }
}
