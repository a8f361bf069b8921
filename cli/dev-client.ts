import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CredentialOptions } from './credential.ts';
import type { DevServer } from './dev-server.ts';
import { Failure } from './failure.ts';
import { nearest } from './nearest.ts';

/** A client of a dev server's world, as `clients/index.json` in its data folder lists it. Names of files are relative to that folder. */
export type DevClient = {
  readonly name: string;
  readonly client_id: string;
  readonly client_orgno: string;
  readonly scopes: readonly string[];
  /** Absent in a world of the user's own, which holds public keys only. */
  readonly key_file?: string;
  readonly kid?: string;
  readonly chain_file?: string;
};

/** The clients in the data folder of a dev server. */
export async function listDevClients(dataDir: string): Promise<readonly DevClient[]> {
  return JSON.parse(await readFile(indexFile(dataDir), 'utf8')) as readonly DevClient[];
}

/** Where {@link listDevClients} finds them. */
export function indexFile(dataDir: string): string {
  return join(dataDir, 'clients', 'index.json');
}

/** The client of that name. @throws {Failure} with the nearest name there is */
export async function findDevClient(name: string, { data_dir, issuer }: DevServer): Promise<DevClient> {
  const clients = await listDevClients(data_dir);
  const client = clients.find((candidate) => candidate.name === name || candidate.client_id === name);
  if (client) return client;
  const names = clients.map((candidate) => candidate.name);
  const near = nearest(name, names);
  throw new Failure('not-found', `${issuer} has no client "${name}"`, {
    fix: near === undefined ? `its clients are ${names.join(', ')}` : `did you mean ${near}?`,
  });
}

/** What the client signs with. @throws {Failure} when the world does not hold its private key */
export function credentialOf({ name, key_file, kid, chain_file }: DevClient, { data_dir }: DevServer): CredentialOptions {
  if (key_file === undefined) {
    throw new Failure('usage', `the private key of ${name} is not in the world`, { fix: 'give it with --key FILE' });
  }
  return {
    key: join(data_dir, key_file),
    ...(kid !== undefined && { kid }),
    ...(chain_file !== undefined && { cert: join(data_dir, chain_file) }),
  };
}
