import type { OrganizationNumber } from '../server/core/organization.ts';
import { type Delegation, delegation as delegationShape } from './acting-shapes.ts';
import { type ApiClient, path, withQuery } from './api-client.ts';
import { readAll } from './api-list.ts';
import { PUBLIC, READ_DELEGATIONS } from './api-scopes.ts';
import { organizationName } from './api-shapes.ts';
import { Failure } from './failure.ts';
import type { AccessFilter } from './find-access.ts';

/**
 * The delegations on scopes of the own organisation that are in force or to come, by consumer: who acts beneath whom. They are an
 * extra: undefined where the server has none, or the context's client may not read them. own-api, delegations
 */
export async function delegationsOnOwnScopes(
  api: ApiClient,
  { scope, consumer }: Pick<AccessFilter, 'scope' | 'consumer'>,
): Promise<ReadonlyMap<OrganizationNumber, readonly Delegation[]> | undefined> {
  const address = withQuery('/delegations', { direction: 'on_my_scopes', scope, consumer_orgno: consumer });
  const listing = { shape: delegationShape, scopes: READ_DELEGATIONS };
  const found = await unless(['not-found', 'forbidden'], () => readAll(api, address, listing));
  return found && Map.groupBy(found, ({ consumer_orgno }) => consumer_orgno);
}

/** The names of organisations by their numbers; a supplier need not be registered, and then has none. Contract §5.7 */
export async function namesOf(
  api: ApiClient,
  numbers: readonly OrganizationNumber[],
): Promise<ReadonlyMap<OrganizationNumber, string>> {
  const names = new Map<OrganizationNumber, string>();
  for (const orgno of new Set(numbers)) {
    const found = await unless(['not-found'], () => api.get(path`/organizations/${orgno}`, organizationName, PUBLIC));
    if (found) names.set(orgno, found.object.name);
  }
  return names;
}

async function unless<T>(passedOver: readonly string[], ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof Failure && passedOver.includes(error.exit)) return undefined;
    throw error;
  }
}
