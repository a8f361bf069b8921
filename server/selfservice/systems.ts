import { z } from 'zod';
import { Fault, invalidField } from '../core/fault.ts';
import type { Registers } from '../core/ports.ts';
import type { System } from '../core/system-user.ts';
import { changeSystem, deactivateSystem, ownSystem, registerSystem, type SystemSettings } from '../registry/systems.ts';
import { pageQuery, takePage } from './paging.ts';
import { type Call, type Route, route } from './route.ts';
import { identifierShape, inactiveQuery, instant, instantShape, nameShape, orgnoShape, textShape } from './wire.ts';

const WRITE = ['portvakt:systems.write'] as const;
const READ = ['portvakt:systems.read', ...WRITE] as const;

const settings = {
  vendor_orgno: orgnoShape.optional().meta({ description: "the caller's own" }),
  name: nameShape,
  description: textShape.optional(),
  client_ids: z
    .array(identifierShape)
    .max(100)
    .default([])
    .meta({ description: "the vendor's own clients through which its system users act" }),
  active: z.boolean().default(true).meta({ description: 'users of an inactive one get no tokens' }),
};

const newSystem = z
  .strictObject({ system_id: z.string().meta({ description: 'vendor_orgno, an underscore and a name' }), ...settings })
  .meta({ id: 'NewSystem' });

const systemSettings = z
  .strictObject({ system_id: z.string().optional().meta({ description: 'cannot be changed' }), ...settings })
  .meta({ id: 'SystemSettings' });

const systemShape = z
  .object({
    system_id: z.string(),
    vendor_orgno: z.string(),
    name: z.string(),
    description: z.string().optional(),
    client_ids: z.array(z.string()),
    active: z.boolean(),
    created: instantShape,
    last_updated: instantShape,
  })
  .meta({ id: 'System' });

const listQuery = pageQuery.extend(inactiveQuery.shape);

/** Vendors' systems. Own API, systems */
export const systemRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/systems',
    manners: 'own',
    scopes: READ,
    summary: "The vendor's systems",
    query: listQuery,
    answer: z.array(systemShape),
    handle: async (call: Call<z.infer<typeof listQuery>>) => {
      const systems = await call.registers.systems.listOf(call.caller.orgno);
      const listed = systems.filter(({ active }) => active || call.query.inactive === true);
      return takePage(call, listed, { key: ({ systemId }) => systemId, show: toWire });
    },
  }),
  route({
    method: 'POST',
    path: '/systems',
    manners: 'own',
    scopes: WRITE,
    summary: 'Register a system',
    body: newSystem,
    answer: systemShape,
    handle: async (call: Call<unknown, z.infer<typeof newSystem>>) => {
      assertOwn(call);
      const { system_id: systemId, ...wish } = call.body;
      return call.change(async (changes) =>
        toWire(await registerSystem(changes, { systemId, settings: settingsOf(wish) }, call)),
      );
    },
  }),
  route({
    method: 'GET',
    path: '/systems/{system_id}',
    manners: 'own',
    scopes: READ,
    summary: 'A system',
    answer: systemShape,
    handle: async (call) => toWire(await systemOf(call, call.registers)),
  }),
  route({
    method: 'PUT',
    path: '/systems/{system_id}',
    manners: 'own',
    scopes: WRITE,
    summary: 'Replace what is said of a system',
    body: systemSettings,
    answer: systemShape,
    handle: async (call: Call<unknown, z.infer<typeof systemSettings>>) =>
      call.change(async (changes) => {
        const before = await systemOf(call, changes);
        call.assertMatches(toWire(before));
        assertOwn(call);
        const { system_id: systemId = before.systemId, ...wish } = call.body;
        if (systemId !== before.systemId) throw invalidField('system', 'system_id', 'cannot be changed');
        return toWire(await changeSystem(changes, { before, settings: settingsOf(wish) }, call));
      }),
  }),
  route({
    method: 'DELETE',
    path: '/systems/{system_id}',
    manners: 'own',
    scopes: WRITE,
    summary: 'Make a system inactive',
    answer: systemShape,
    handle: async (call) =>
      call.change(async (changes) => {
        const before = await systemOf(call, changes);
        call.assertMatches(toWire(before));
        return toWire(await deactivateSystem(changes, before, call));
      }),
  }),
];

async function systemOf({ params, caller }: Call<unknown, unknown>, registers: Registers): Promise<System> {
  return ownSystem(registers, params.system_id ?? '', caller.orgno);
}

/** @throws {Fault} PV-643 for another vendor's */
function assertOwn({ body, caller }: Call<unknown, { readonly vendor_orgno?: string | undefined }>): void {
  if (body.vendor_orgno !== undefined && body.vendor_orgno !== caller.orgno)
    throw new Fault('PV-643', { fields: [{ object: 'system', field: 'vendor_orgno', message: "must be the caller's own" }] });
}

function settingsOf(wish: Omit<z.infer<typeof newSystem>, 'system_id'>): SystemSettings {
  const { name, description, client_ids, active } = wish;
  return { name, description, clientIds: [...new Set(client_ids)], active };
}

function toWire({ systemId, vendorOrgno, name, description, clientIds, active, created, lastUpdated }: System): object {
  return {
    ...{ system_id: systemId, vendor_orgno: vendorOrgno, name, ...(description !== undefined && { description }) },
    ...{ client_ids: clientIds, active, created: instant(created), last_updated: instant(lastUpdated) },
  };
}
