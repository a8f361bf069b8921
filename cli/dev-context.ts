import { EXPLAIN } from './api-scopes.ts';
import { type NamedContext, namedServer, withSlash } from './context.ts';
import { listDevClients } from './dev-client.ts';
import { type DevServer, listDevServers } from './dev-server.ts';
import { DEV_ISSUER } from './issuer.ts';
import type { Terminal } from './terminal.ts';

/**
 * A context for each dev server of this user that runs, the one that is meant first: there a client that may ask for explanations is
 * at hand, and may see everybody's.
 * @param about servers that an assertion says it is for: where nothing else names one, the first of them that runs is meant
 */
export async function devContexts(terminal: Terminal, about: readonly string[] = []): Promise<readonly NamedContext[]> {
  const named = await namedServer(terminal);
  const meant = named === undefined ? [...about.map(withSlash), DEV_ISSUER] : [named];
  const servers = await listDevServers();
  const first = meant.flatMap((server) => servers.filter(({ issuer }) => withSlash(issuer) === server));
  const contexts = await Promise.all([...new Set([...first, ...servers])].map(contextOf));
  return contexts.filter((context) => context !== undefined);
}

async function contextOf({ issuer, data_dir }: DevServer): Promise<NamedContext | undefined> {
  const clients = await listDevClients(data_dir);
  const client = clients.find(
    ({ scopes, key_file }) => key_file !== undefined && EXPLAIN.some((scope) => scopes.includes(scope)),
  );
  return client && { name: client.name, server: issuer, auth: { type: 'dev', client: client.name } };
}
