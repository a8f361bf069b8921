import { z } from 'zod';
import { ADMIN_SCOPES, OPERATOR_SCOPE } from '../core/admin-scopes.ts';
import { Fault } from '../core/fault.ts';
import type { Organization, Registers } from '../core/ports.ts';
import { changeOrganization, organizationMembers, registerOrganization } from '../registry/organizations.ts';
import { pageQuery, takePage } from './paging.ts';
import { type Call, type Route, route } from './route.ts';
import { instant, instantShape, nameShape, orgnoShape } from './wire.ts';

const settings = {
  name: nameShape,
  active: z.boolean().default(true).meta({ description: 'an inactive one gets no tokens' }),
  admin_scopes: z
    .array(z.enum(ADMIN_SCOPES))
    .default([])
    .meta({ description: 'fixed scopes that its clients may hold', uniqueItems: true }),
};

const newOrganization = z.strictObject({ orgno: orgnoShape, ...settings }).meta({ id: 'NewOrganization' });
const organizationSettings = z.strictObject(settings).meta({ id: 'OrganizationSettings' });

const organizationShape = z
  .object({
    orgno: z.string(),
    name: z.string(),
    active: z.boolean(),
    admin_scopes: z.array(z.string()),
    created: instantShape,
    last_updated: instantShape,
  })
  .meta({ id: 'Organization' });

/** The organisations of this server. Own API, operator */
export const operatorOrganizationRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/operator/organizations',
    manners: 'own',
    scopes: [OPERATOR_SCOPE],
    summary: 'All organisations',
    query: pageQuery,
    answer: z.array(organizationShape),
    handle: async (call: Call<z.infer<typeof pageQuery>>) =>
      takePage(call, await call.registers.organizations.list(), { key: ({ orgno }) => orgno, show: toWire }),
  }),
  route({
    method: 'POST',
    path: '/operator/organizations',
    manners: 'own',
    scopes: [OPERATOR_SCOPE],
    summary: 'Register an organisation',
    body: newOrganization,
    answer: organizationShape,
    handle: async (call: Call<unknown, z.infer<typeof newOrganization>>) =>
      call.change(async (changes) => {
        const input = { ...settingsOf(call.body), orgno: call.body.orgno };
        return toWire(await registerOrganization(changes, input, call));
      }),
  }),
  route({
    method: 'GET',
    path: '/operator/organizations/{orgno}',
    manners: 'own',
    scopes: [OPERATOR_SCOPE],
    summary: 'An organisation',
    answer: organizationShape,
    handle: async (call) => toWire(await organizationOf(call, call.registers)),
  }),
  route({
    method: 'PUT',
    path: '/operator/organizations/{orgno}',
    manners: 'own',
    scopes: [OPERATOR_SCOPE],
    summary: 'Replace what is said of an organisation',
    body: organizationSettings,
    answer: organizationShape,
    handle: async (call: Call<unknown, z.infer<typeof organizationSettings>>) =>
      call.change(async (changes) => {
        const before = await organizationOf(call, changes);
        call.assertMatches(toWire(before));
        return toWire(await changeOrganization(changes, { before, settings: settingsOf(call.body) }, call));
      }),
  }),
];

/** The organisation of the path. @throws {Fault} PV-604 */
export async function organizationOf({ params }: Call, registers: Registers): Promise<Organization> {
  const organization = await registers.organizations.find(params.orgno ?? '');
  if (!organization) throw new Fault('PV-604');
  return organization;
}

function settingsOf({ name, active, admin_scopes }: z.infer<typeof organizationSettings>) {
  return { name, active, adminScopes: [...new Set(admin_scopes)] };
}

function toWire(organization: Organization): object {
  const { created, lastUpdated } = organization;
  return { ...organizationMembers(organization), created: instant(created), last_updated: instant(lastUpdated) };
}
