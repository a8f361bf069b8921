import { z } from 'zod';
import type { AdminScope } from '../core/admin-scopes.ts';
import { createOnBehalfOf, findOnBehalfOf, removeOnBehalfOf, replaceOnBehalfOf } from '../registry/on-behalf-of.ts';
import { changeClient, clientOf, READ_CLIENTS } from './clients.ts';
import { onBehalfOfRequestShape, onBehalfOfShape, onBehalfOfToWire, toOnBehalfOfWish } from './on-behalf-of-wire.ts';
import { type Route, route } from './route.ts';

/** The same scope in the spelling of the documentation and of the OpenAPI document. Contract §9 no. 21 */
const WRITE: readonly AdminScope[] = [
  'idporten:dcr.write',
  'idporten:dcr.modify',
  'idporten:dcr/onbehalfof.write',
  'idporten:dcr/onbehalfof:write',
];

/** Customers beneath a client. Contract §5.4 */
export const onBehalfOfRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/clients/{clientId}/onbehalfof',
    manners: 'contract',
    scopes: READ_CLIENTS,
    summary: 'The customers beneath a client',
    answer: z.array(onBehalfOfShape),
    handle: async (call) => {
      const customers = await call.registers.onBehalfOf.listOf((await clientOf(call)).clientId);
      return Promise.all(customers.map((customer) => onBehalfOfToWire(customer, call.registers)));
    },
  }),
  route({
    method: 'POST',
    path: '/clients/{clientId}/onbehalfof',
    manners: 'contract',
    scopes: WRITE,
    summary: 'Register a customer beneath a client',
    body: onBehalfOfRequestShape,
    answer: onBehalfOfShape,
    handle: async (call) => {
      const wish = toOnBehalfOfWish(call.body);
      return changeClient(call, WRITE, async (client, changes) =>
        onBehalfOfToWire(await createOnBehalfOf(changes, { client, wish }, call), changes),
      );
    },
  }),
  route({
    method: 'GET',
    path: '/clients/{clientId}/onbehalfof/{id}',
    manners: 'contract',
    scopes: READ_CLIENTS,
    summary: 'A customer beneath a client',
    answer: onBehalfOfShape,
    handle: async (call) => {
      const customer = await findOnBehalfOf(call.registers, await clientOf(call), call.params.id ?? '');
      return onBehalfOfToWire(customer, call.registers);
    },
  }),
  route({
    method: 'PUT',
    path: '/clients/{clientId}/onbehalfof/{id}',
    manners: 'contract',
    scopes: WRITE,
    summary: 'Replace a customer beneath a client',
    body: onBehalfOfRequestShape,
    answer: onBehalfOfShape,
    handle: async (call) => {
      const wish = toOnBehalfOfWish(call.body);
      return changeClient(call, WRITE, async (client, changes) => {
        const before = await findOnBehalfOf(changes, client, call.params.id ?? '');
        call.assertMatches(await onBehalfOfToWire(before, changes));
        return onBehalfOfToWire(await replaceOnBehalfOf(changes, { before, wish }, call), changes);
      });
    },
  }),
  route({
    method: 'DELETE',
    path: '/clients/{clientId}/onbehalfof/{id}',
    manners: 'contract',
    scopes: WRITE,
    summary: 'Remove a customer beneath a client',
    handle: async (call) =>
      changeClient(call, WRITE, async (client, changes) => {
        const before = await findOnBehalfOf(changes, client, call.params.id ?? '');
        call.assertMatches(await onBehalfOfToWire(before, changes));
        await removeOnBehalfOf(changes, before, call);
        return undefined;
      }),
  }),
];
