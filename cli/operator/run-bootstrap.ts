import { randomBytes, randomUUID } from 'node:crypto';
import { readPublicJwk } from '../../keys/public-jwk.ts';
import { readConfig } from '../../server/config.ts';
import type { RegisteredKey } from '../../server/core/client.ts';
import type { Storage } from '../../server/core/ports.ts';
import { YEAR } from '../../server/core/time.ts';
import { findOperator, makeOperator } from '../../server/registry/operator.ts';
import { readOrgno } from '../api-options.ts';
import { Failure } from '../failure.ts';
import type { View } from '../output.ts';
import { readPublicKey } from '../public-key.ts';
import type { Terminal } from '../terminal.ts';
import { openExisting } from './existing-store.ts';
import { nearestConfig } from './run-server.ts';

export type BootstrapOptions = {
  readonly orgno: string;
  readonly name: string;
  readonly publicKey: string;
  readonly config?: string;
};

type Bootstrapped = {
  readonly orgno: string;
  readonly name: string;
  readonly client_id: string;
  readonly kid: string;
  readonly admin_scopes: readonly string[];
  /** What is run next, where the private key lies. */
  readonly login_command: string;
};

/**
 * Makes the operator and its first client in the store of the configuration.
 * @throws {Failure} `conflict` when there is an operator; `invalid` for a number or key that cannot be; as {@link readConfig}
 */
export async function bootstrap(options: BootstrapOptions, terminal: Terminal): Promise<void> {
  const orgno = readOrgno(options.orgno);
  const now = Math.floor(Date.now() / 1000);
  const key = await readKey(options.publicKey, now);
  const config = await readConfig(options.config ?? (await nearestConfig(process.cwd())));
  const { issuer = '' } = config;
  const storage = await openExisting(config);
  try {
    const operator = {
      orgno,
      name: options.name,
      clientId: randomUUID(),
      key,
      now,
      correlationId: randomBytes(16).toString('hex'),
    };
    const made = await storage.transaction((changes) => makeOperator(changes, operator));
    if (!made) throw await madeBefore(storage);
    const { organization, client } = made;
    terminal.say(`${orgno} ${organization.name} is the operator of ${issuer}`);
    terminal.say(`its first client is ${client.clientId}, with the key ${key.kid}`);
    const { clientId: client_id, scopes: admin_scopes } = client;
    const login_command = `portvakt login --server ${issuer} --client-id ${client_id} --key FILE`;
    await terminal.answer(
      { orgno, name: organization.name, client_id, kid: key.kid, admin_scopes, login_command },
      terminal.options.quiet ? { ...view, text: ({ client_id }) => `${client_id}\n` } : view,
    );
  } finally {
    await storage.close();
  }
}

/** A key as the API would take it, good for a year. Contract §5.3 */
async function readKey(file: string, now: number): Promise<RegisteredKey> {
  const jwk = await readPublicKey(file);
  const read = readPublicJwk(jwk);
  if ('flaw' in read) throw new Failure('invalid', `${file}: ${read.member}: ${read.flaw}`);
  return { ...read, expires: Math.min(jwk.exp ?? now + YEAR, now + YEAR), created: now, lastUpdated: now };
}

async function madeBefore(storage: Storage): Promise<Failure> {
  const operator = await findOperator(storage);
  return new Failure(
    'conflict',
    `this has been done: the operator is ${operator?.orgno} ${operator?.name}; nothing was changed`,
    {
      fix: 'log in with a client of the operator: portvakt login',
    },
  );
}

const view: View<Bootstrapped> = {
  fields: [
    { name: 'orgno', heading: 'operator' },
    { name: 'name' },
    { name: 'client_id' },
    { name: 'kid' },
    { name: 'admin_scopes' },
    { name: 'login_command', heading: 'next' },
  ],
  name: ({ client_id }) => `client/${client_id}`,
};
