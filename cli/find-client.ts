import { type Answer, type ApiClient, path, withQuery } from './api-client.ts';
import { readWhole } from './api-list.ts';
import { READ_CLIENTS } from './api-scopes.ts';
import { type Client, client as clientShape } from './api-shapes.ts';
import { Failure } from './failure.ts';
import { nearest } from './nearest.ts';

/** The clients of the own organisation. */
export function ownClients(api: ApiClient, inactive: boolean): Promise<readonly Client[]> {
  return readWhole(api, withQuery('/clients', { inactive }), { shape: clientShape, scopes: READ_CLIENTS });
}

/**
 * A client by its id or its name. Of several with one name an active one is meant, where there is only one.
 * @throws {Failure} `not-found` with the nearest name, `usage` when the name is not enough
 */
export async function findClient(api: ApiClient, nameOrId: string): Promise<Answer<Client>> {
  const clients = await ownClients(api, true);
  const { client_id } = clients.find((client) => client.client_id === nameOrId) ?? named(nameOrId, clients);
  return api.get(path`/clients/${client_id}`, clientShape, READ_CLIENTS);
}

function named(name: string, clients: readonly Client[]): Client {
  const all = clients.filter(({ client_name }) => client_name === name);
  const active = all.filter((client) => client.active);
  const [found, ...others] = active.length > 0 ? active : all;
  if (found && others.length === 0) return found;
  if (found) {
    throw new Failure('usage', `${active.length || all.length} clients are called "${name}"`, {
      fix: `name one by its id:\n${[found, ...others].map(({ client_id, description = '' }) => `${client_id}  ${description}`).join('\n')}`,
    });
  }
  const near = nearest(name, [...clients.map(({ client_name }) => client_name), ...clients.map(({ client_id }) => client_id)]);
  throw new Failure('not-found', `there is no client "${name}"`, {
    fix: near === undefined ? 'portvakt client list' : `did you mean ${near}?`,
  });
}
