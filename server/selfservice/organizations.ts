import { z } from 'zod';
import { Fault } from '../core/fault.ts';
import type { OrganizationNumber } from '../core/organization.ts';
import type { Registers } from '../core/ports.ts';
import { type Route, route } from './route.ts';

/** The public look-up of an organisation's name. Contract §5.7 */
export const organizationRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/organizations/{orgnr}',
    manners: 'contract',
    scopes: 'public',
    summary: 'The name of an organisation',
    answer: z.object({ orgnr: z.string(), name: z.string() }).meta({ id: 'OrganizationName' }),
    handle: async ({ registers, params: { orgnr = '' } }) => {
      const organization = await registers.organizations.find(orgnr);
      if (!organization) throw new Fault('PV-604');
      return { orgnr: organization.orgno, name: organization.name };
    },
  }),
];

export type OrganizationNames = ReadonlyMap<OrganizationNumber, string>;

/** The names of organisations, each looked up once. */
export async function organizationNames(
  numbers: readonly OrganizationNumber[],
  { organizations }: Registers,
): Promise<OrganizationNames> {
  const found = await Promise.all([...new Set(numbers)].map((orgno) => organizations.find(orgno)));
  return new Map(found.flatMap((organization) => (organization ? [[organization.orgno, organization.name]] : [])));
}
