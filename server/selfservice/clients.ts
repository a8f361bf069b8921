import { z } from 'zod';
import type { AdminScope } from '../core/admin-scopes.ts';
import type { Client } from '../core/client.ts';
import { invalidField } from '../core/fault.ts';
import type { Changes } from '../core/ports.ts';
import { changeableClient, ownership, visibleClient, visibleClients } from '../registry/client-rights.ts';
import { createClient, deactivateClient, replaceClient } from '../registry/clients.ts';
import { clientRequestShape, clientShape, clientToWire, toClientWish } from './client-wire.ts';
import { type Call, type Route, route } from './route.ts';
import { inactiveQuery } from './wire.ts';

/** Reading clients and what is beneath them. Contract §5.1.2 */
export const READ_CLIENTS = [
  'idporten:dcr.read',
  'idporten:dcr.write',
  'idporten:dcr.modify',
  'idporten:dcr.supplier',
] as const satisfies readonly AdminScope[];

/** A client of one's own; a supplier may use its own scope for those that it makes for customers. Contract §5.1.2 */
const WRITE: readonly AdminScope[] = ['idporten:dcr.write'];
const CHANGE: readonly AdminScope[] = ['idporten:dcr.write', 'idporten:dcr.modify'];
const SUPPLIER = 'idporten:dcr.supplier';

/** Clients. Contract §5.2 */
export const clientRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/clients',
    manners: 'contract',
    scopes: READ_CLIENTS,
    summary: 'The clients of the own organisation, and those that it made as a supplier',
    query: inactiveQuery,
    answer: z.array(clientShape),
    handle: async ({ registers, caller, query }: Call<z.infer<typeof inactiveQuery>>) => {
      const clients = await visibleClients(registers, caller, { inactive: query.inactive === true });
      return Promise.all(clients.map((client) => clientToWire(client, registers)));
    },
  }),
  route({
    method: 'POST',
    path: '/clients',
    manners: 'contract',
    scopes: [...WRITE, SUPPLIER],
    summary: 'Register a client',
    body: clientRequestShape,
    answer: clientShape,
    handle: async (call) => {
      const wish = toClientWish(call.body);
      const order = { wish, ownership: ownership(wish, call.caller), freshId: call.ports.random.uuid(), keys: [] };
      return call.change(async (changes) => clientToWire(await createClient(changes, order, call), changes));
    },
  }),
  route({
    method: 'GET',
    path: '/clients/{clientId}',
    manners: 'contract',
    scopes: READ_CLIENTS,
    summary: 'A client',
    answer: clientShape,
    handle: async (call) => clientToWire(await clientOf(call), call.registers),
  }),
  route({
    method: 'PUT',
    path: '/clients/{clientId}',
    manners: 'contract',
    scopes: [...CHANGE, SUPPLIER],
    summary: 'Replace a client; an inactive one is revived',
    body: clientRequestShape,
    answer: clientShape,
    handle: async (call) => {
      const wish = toClientWish(call.body);
      return changeClient(call, CHANGE, async (client, changes) => {
        call.assertMatches(await clientToWire(client, changes));
        return clientToWire(await replaceClient(changes, { client, wish }, call), changes);
      });
    },
  }),
  route({
    method: 'DELETE',
    path: '/clients/{clientId}',
    manners: 'contract',
    scopes: [...WRITE, SUPPLIER],
    summary: 'Make a client inactive',
    handle: async (call) =>
      changeClient(call, WRITE, async (client, changes) => {
        call.assertMatches(await clientToWire(client, changes));
        await deactivateClient(changes, client, call);
        return undefined;
      }),
  }),
  route({
    method: 'POST',
    path: '/clients/{clientId}/secret',
    manners: 'contract',
    scopes: [...WRITE, SUPPLIER],
    summary: 'Refused for every client: this server knows keys and certificates, and no secrets',
    handle: async (call) =>
      changeClient(call, WRITE, async () => {
        throw invalidField('client', 'token_endpoint_auth_method', 'is no use here: clients authenticate by key or certificate');
      }),
  }),
];

/** The client of the path, as the caller may see it. */
export async function clientOf({ registers, caller, params }: Call): Promise<Client> {
  return visibleClient(registers, params.clientId ?? '', caller);
}

/** Changes the client of the path in one transaction. @param accepted scopes for a client of the own organisation. */
export async function changeClient(
  call: Call,
  accepted: readonly AdminScope[],
  work: (client: Client, changes: Changes) => Promise<object | undefined>,
): Promise<object | undefined> {
  const { caller, params } = call;
  return call.change(async (changes) =>
    work(await changeableClient(changes, params.clientId ?? '', { caller, accepted }), changes),
  );
}
