import type { OrganizationNumber } from '../server/core/organization.ts';
import { type Address, type ApiClient, path, withQuery } from './api-client.ts';
import { readWhole } from './api-list.ts';
import { READ_SCOPES } from './api-scopes.ts';
import { type Access, access as accessShape } from './api-shapes.ts';

/** Which accesses are asked for. */
export type AccessFilter = { readonly scope?: string; readonly consumer?: OrganizationNumber; readonly inactive?: boolean };

/** The accesses that the own organisation has given; `inactive` shows requests and withdrawn ones too. Contract §5.5.1 */
export function givenAccesses(api: ApiClient, { scope, consumer, inactive }: AccessFilter): Promise<readonly Access[]> {
  const address = withQuery('/scopes/access', { scope, consumer_orgno: consumer, inactive });
  return readWhole(api, address, { shape: accessShape, scopes: READ_SCOPES });
}

/** The accesses that the own organisation has been given. Contract §5.5.1 */
export function receivedAccesses(api: ApiClient, { inactive }: Pick<AccessFilter, 'inactive'>): Promise<readonly Access[]> {
  return readWhole(api, withQuery('/scopes/access/all', { inactive }), { shape: accessShape, scopes: READ_SCOPES });
}

/** The access of an organisation to a scope of the own, whatever its state. */
export async function givenAccess(api: ApiClient, scope: string, consumer: OrganizationNumber): Promise<Access | undefined> {
  const [found] = await givenAccesses(api, { scope, consumer, inactive: true });
  return found;
}

/** Where an access is changed. */
export function accessAddress(scope: string, consumer: OrganizationNumber): Address {
  return withQuery(path`/scopes/access/${consumer}`, { scope });
}
