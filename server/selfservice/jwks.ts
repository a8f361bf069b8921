import { z } from 'zod';
import type { AdminScope } from '../core/admin-scopes.ts';
import { invalidField } from '../core/fault.ts';
import { findKey, MAX_KEYS, putKey, removeKey, removeKeys, replaceKeys } from '../registry/keys.ts';
import { changeClient, clientOf, READ_CLIENTS } from './clients.ts';
import { jwkRequestShape, jwkShape, jwksShape, keysToWire, keyToWire, toKeyWish } from './jwk-wire.ts';
import { type Call, type Route, route } from './route.ts';

const WRITE: readonly AdminScope[] = ['idporten:dcr.write', 'idporten:dcr.modify'];

const keySetRequestShape = z
  .object({ keys: z.array(jwkRequestShape).max(MAX_KEYS, `must hold at most ${MAX_KEYS} keys`) })
  .meta({ id: 'JwksRequest' });

/** The whole set of a client's keys; PUT is another name of POST. Contract §5.3 */
const setRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/clients/{clientId}/jwks',
    manners: 'contract',
    scopes: READ_CLIENTS,
    summary: 'The keys of a client',
    answer: jwksShape,
    handle: async (call) => keysToWire((await clientOf(call)).keys),
  }),
  ...(['POST', 'PUT'] as const).map((method) =>
    route({
      method,
      path: '/clients/{clientId}/jwks',
      manners: 'contract',
      scopes: WRITE,
      summary: 'Replace the keys of a client; a key that it has is renewed',
      body: keySetRequestShape,
      answer: jwksShape,
      handle: async (call: Call<unknown, z.infer<typeof keySetRequestShape>>) => {
        const keys = call.body.keys.map((key, place) => toKeyWish(key, `keys.${place}.`, call.ports.keyPolicy));
        return changeClient(call, WRITE, async (client, changes) => {
          call.assertMatches(keysToWire(client.keys));
          return keysToWire((await replaceKeys(changes, { client, keys }, call)).keys);
        });
      },
    }),
  ),
  route({
    method: 'DELETE',
    path: '/clients/{clientId}/jwks',
    manners: 'contract',
    scopes: WRITE,
    summary: 'Remove all keys of a client, which then uses its enterprise certificate',
    handle: async (call) =>
      changeClient(call, WRITE, async (client, changes) => {
        call.assertMatches(keysToWire(client.keys));
        await removeKeys(changes, client, call);
        return undefined;
      }),
  }),
];

/** One key of a client. Contract §5.3 */
const keyRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/clients/{clientId}/jwks/{kid}',
    manners: 'contract',
    scopes: READ_CLIENTS,
    summary: 'A key of a client',
    answer: jwkShape,
    handle: async (call) => keyToWire(findKey(await clientOf(call), call.params.kid ?? '')),
  }),
  route({
    method: 'PUT',
    path: '/clients/{clientId}/jwks/{kid}',
    manners: 'contract',
    scopes: WRITE,
    summary: 'Add a key to a client, or replace the one of that kid',
    body: jwkRequestShape,
    answer: jwkShape,
    handle: async (call) => {
      const { kid = '' } = call.params;
      if (call.body.kid !== kid) throw invalidField('jwk', 'kid', 'must be the one in the address');
      const key = toKeyWish(call.body, '', call.ports.keyPolicy);
      return changeClient(call, WRITE, async (client, changes) => {
        const stands = client.keys.find((candidate) => candidate.kid === kid);
        call.assertMatches(stands ? keyToWire(stands) : {});
        return keyToWire(findKey(await putKey(changes, { client, key }, call), kid));
      });
    },
  }),
  route({
    method: 'DELETE',
    path: '/clients/{clientId}/jwks/{kid}',
    manners: 'contract',
    scopes: WRITE,
    summary: 'Remove a key of a client; the last one goes with the whole set',
    handle: async (call) =>
      changeClient(call, WRITE, async (client, changes) => {
        const { kid = '' } = call.params;
        call.assertMatches(keyToWire(findKey(client, kid)));
        await removeKey(changes, { client, kid }, call);
        return undefined;
      }),
  }),
];

export const jwksRoutes: readonly Route[] = [...setRoutes, ...keyRoutes];
