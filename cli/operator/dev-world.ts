import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeCredentials } from '../../fixtures/credentials.ts';
import { makeWorld } from '../../fixtures/made-up-world.ts';
import { installWorld, type World } from '../../fixtures/world.ts';
import { readWorldFile } from '../../fixtures/world-file.ts';
import type { Storage } from '../../server/core/ports.ts';
import type { EpochSeconds } from '../../server/core/time.ts';
import { type DevClient, indexFile } from '../dev-client.ts';

/** A world that is ready to be put into a store, and what its clients sign with into a folder. */
export type ReadyWorld = {
  readonly install: (storage: Storage, issuer: string) => Promise<void>;
  /** Files of the private keys that its sources name, by their names. */
  readonly sourceKeys: Readonly<Record<string, string>>;
  /** Writes `clients/index.json` last: with it there, the world is whole. */
  readonly writeClients: (dataDir: string) => Promise<void>;
};

/** The made-up world, its keys and certificates made now. */
export async function madeUpWorld(now: EpochSeconds): Promise<ReadyWorld> {
  const made = await makeWorld({ now });
  return { install: installer(made.world, now), sourceKeys: {}, writeClients: (dataDir) => writeCredentials(made, dataDir) };
}

/** Wholly the world of a file. @throws {WorldMistakes} */
export async function worldOfFile(file: string, now: EpochSeconds): Promise<ReadyWorld> {
  const world = await readWorldFile(file);
  const { sourceKeys } = world;
  return { install: installer(world, now), sourceKeys, writeClients: (dataDir) => writeIndex(world, dataDir) };
}

function installer(world: World, now: EpochSeconds): ReadyWorld['install'] {
  return (storage, issuer) => installWorld(world, storage, { now, correlationId: randomBytes(16).toString('hex'), issuer });
}

/** A world file holds public keys only: whoever has the private ones names them with `--key`. */
async function writeIndex({ clients }: World, dataDir: string): Promise<void> {
  const index: DevClient[] = clients.map(({ name, clientId, orgno, scopes }) => ({
    name,
    client_id: clientId,
    client_orgno: orgno,
    scopes,
  }));
  const file = indexFile(dataDir);
  await mkdir(dirname(file), { mode: 0o700 });
  await writeFile(file, `${JSON.stringify(index, null, 2)}\n`);
}
