import { z } from 'zod';
import { isAdminScope, OPERATOR_SCOPE } from '../core/admin-scopes.ts';
import type { Client } from '../core/client.ts';
import { Fault, invalidField } from '../core/fault.ts';
import type { Registers } from '../core/ports.ts';
import { blockClient } from '../registry/blocked-clients.ts';
import { createClient } from '../registry/clients.ts';
import { keySet } from '../registry/keys.ts';
import { clientRequestShape, clientShape, clientToWire, toClientWish } from './client-wire.ts';
import { jwkRequestShape, toKeyWish } from './jwk-wire.ts';
import { organizationOf } from './operator-organizations.ts';
import { pageQuery, takePage } from './paging.ts';
import { type Call, type Route, route } from './route.ts';
import { reasonShape } from './wire.ts';

const operatedClient = clientShape
  .extend({ blocked: z.boolean(), reason: z.string().exactOptional() })
  .meta({ id: 'OperatedClient' });

const newAdminClient = clientRequestShape
  .extend({
    jwks: z
      .strictObject({ keys: z.array(jwkRequestShape).min(1, 'must hold a key') })
      .exactOptional()
      .meta({ description: "public keys; absent: the client uses its organisation's enterprise certificate" }),
  })
  .strict()
  .meta({ id: 'NewAdminClient' });

const block = z
  .strictObject({
    blocked: z.boolean(),
    reason: reasonShape.exactOptional().meta({ description: 'needed where blocked is true' }),
  })
  .meta({ id: 'Block' });

/** The clients of every organisation, as far as they are the operator's business. Own API, operator */
export const operatorClientRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/operator/organizations/{orgno}/clients',
    manners: 'own',
    scopes: [OPERATOR_SCOPE],
    summary: 'The clients of an organisation, and those that it made as a supplier; inactive and blocked ones too',
    query: pageQuery,
    answer: z.array(operatedClient),
    handle: async (call: Call<z.infer<typeof pageQuery>>) => {
      const { registers } = call;
      const { orgno } = await organizationOf(call, registers);
      const clients = await registers.clients.listOf(orgno);
      return takePage(call, clients, { key: ({ clientId }) => clientId, show: (client) => toWire(client, registers) });
    },
  }),
  route({
    method: 'POST',
    path: '/operator/organizations/{orgno}/clients',
    manners: 'own',
    scopes: [OPERATOR_SCOPE],
    summary: 'Register an admin client of an organisation, with fixed scopes that it may hold',
    body: newAdminClient,
    answer: operatedClient,
    handle: async (call: Call<unknown, z.infer<typeof newAdminClient>>) => {
      const { jwks, ...body } = call.body;
      const wish = toClientWish(body);
      assertAdminScopes(wish.scopes);
      const wishes = (jwks?.keys ?? []).map((key, place) => toKeyWish(key, `jwks.keys.${place}.`, call.ports.keyPolicy));
      return call.change(async (changes) => {
        const { orgno } = await organizationOf(call, changes);
        assertOwn(wish, orgno);
        const keys = keySet(wishes, [], call.now);
        const order = { wish, ownership: { orgno }, freshId: call.ports.random.uuid(), keys };
        return toWire(await createClient(changes, order, call), changes);
      });
    },
  }),
  route({
    method: 'GET',
    path: '/operator/clients/{client_id}',
    manners: 'own',
    scopes: [OPERATOR_SCOPE],
    summary: 'A client of whatever organisation',
    answer: operatedClient,
    handle: async (call) => toWire(await clientOf(call, call.registers), call.registers),
  }),
  route({
    method: 'PUT',
    path: '/operator/clients/{client_id}',
    manners: 'own',
    scopes: [OPERATOR_SCOPE],
    summary: 'Block a client, or lift the block',
    body: block,
    answer: operatedClient,
    handle: async (call: Call<unknown, z.infer<typeof block>>) =>
      call.change(async (changes) => {
        const before = await clientOf(call, changes);
        call.assertMatches(await toWire(before, changes));
        const { blocked, reason } = call.body;
        if (blocked && reason === undefined) throw invalidField('client', 'reason', 'is missing');
        return toWire(await blockClient(changes, { before, reason: blocked ? reason : undefined }, call), changes);
      }),
  }),
];

async function clientOf({ params }: Call, { clients }: Registers): Promise<Client> {
  const client = await clients.find(params.client_id ?? '');
  if (!client) throw new Fault('PV-604');
  return client;
}

/** The rest of a client is its organisation's own business. */
function assertAdminScopes(scopes: readonly string[]): void {
  const place = scopes.findIndex((scope) => !isAdminScope(scope));
  if (place >= 0) throw invalidField('client', `scopes.${place}`, 'must be a fixed scope that the organisation may hold');
}

function assertOwn({ orgno, supplierOrgno }: { orgno?: string; supplierOrgno?: string }, organization: string): void {
  if (orgno !== undefined && orgno !== organization)
    throw invalidField('client', 'client_orgno', 'must be the one in the address');
  if (supplierOrgno !== undefined) throw invalidField('client', 'supplier_orgno', 'must be left out');
}

async function toWire(client: Client, registers: Registers): Promise<object> {
  const { blocked: reason } = client;
  return {
    ...(await clientToWire(client, registers)),
    blocked: reason !== undefined,
    ...(reason !== undefined && { reason }),
  };
}
