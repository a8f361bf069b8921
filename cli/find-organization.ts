import { type Address, type Answer, type ApiClient, path } from './api-client.ts';
import { readAll } from './api-list.ts';
import { readOrgno } from './api-options.ts';
import { OPERATE } from './api-scopes.ts';
import { type Organization, organization as organizationShape } from './api-shapes.ts';
import { suggesting } from './find-scope.ts';
import { day } from './moment.ts';
import type { View } from './output.ts';

/** Where the operator finds an organisation. @throws {Failure} `invalid` for what is no organisation number */
export function organizationAddress(orgno: string): Address {
  return path`/operator/organizations/${readOrgno(orgno)}`;
}

/** An organisation of the server. @throws {Failure} `not-found`, with the nearest number there is */
export async function findOrganization(api: ApiClient, orgno: string): Promise<Answer<Organization>> {
  try {
    return await api.get(organizationAddress(orgno), organizationShape, OPERATE);
  } catch (error) {
    const listing = { shape: organizationShape, scopes: OPERATE };
    const numbers = async () => (await readAll(api, '/operator/organizations', listing)).map(({ orgno }) => orgno);
    throw await suggesting(error, readOrgno(orgno), numbers);
  }
}

/** How organisations are shown. */
export const organizationView: View<Organization> = {
  fields: [
    { name: 'orgno', heading: 'org' },
    { name: 'name' },
    { name: 'active', heading: 'state', text: ({ active }) => (active ? 'active' : 'disabled') },
    { name: 'admin_scopes', text: ({ admin_scopes }) => (admin_scopes.length === 0 ? 'none' : admin_scopes.join(' ')) },
    { name: 'created', heading: 'since', text: ({ created }) => day(created), wide: true },
    { name: 'last_updated', heading: 'changed', text: ({ last_updated }) => day(last_updated), wide: true },
  ],
  name: ({ orgno }) => `org/${orgno}`,
};
