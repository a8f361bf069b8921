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

/** The names of organisations, each looked up once. */
export function organizationNames({ organizations }: Registers): (orgno: OrganizationNumber) => Promise<string> {
  const names = new Map<OrganizationNumber, string>();
  return async (orgno) => {
    const known = names.get(orgno);
    if (known !== undefined) return known;
    const name = (await organizations.find(orgno))?.name ?? '';
    names.set(orgno, name);
    return name;
  };
}
