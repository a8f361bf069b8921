import { z } from 'zod';
import type { EpochSeconds } from '../server/core/time.ts';
import { type Answer, type ApiClient, path } from './api-client.ts';
import { CHANGE_KEYS, READ_CLIENTS } from './api-scopes.ts';
import { type Client, type Key, keySet, key as keyShape } from './api-shapes.ts';
import { Failure } from './failure.ts';
import { relative } from './moment.ts';
import { nearest } from './nearest.ts';
import type { View } from './output.ts';
import type { PublicKeyJwk } from './public-key.ts';

/** The keys of a client as they stand. Contract §5.3 */
export async function readKeys(api: ApiClient, { client_id }: Client): Promise<Answer<{ readonly keys: readonly Key[] }>> {
  return api.get(path`/clients/${client_id}/jwks`, keySet, READ_CLIENTS);
}

/** Registers a key, or renews it. */
export function putKey(api: ApiClient, { client_id }: Client, jwk: PublicKeyJwk): Promise<Answer<Key>> {
  return api.change('PUT', path`/clients/${client_id}/jwks/${jwk.kid}`, { body: jwk, scopes: CHANGE_KEYS, shape: keyShape });
}

/** Takes a key from a client. The last one goes with the whole set, which the API wants to be said. Contract §5.3 */
export async function removeKey(api: ApiClient, { client_id }: Client, kid: string): Promise<Answer<undefined>> {
  const { object, etag } = await api.get(path`/clients/${client_id}/jwks`, keySet, READ_CLIENTS);
  const options = { scopes: CHANGE_KEYS, shape: z.undefined() };
  const isLast = object.keys.every((key) => key.kid === kid);
  if (!isLast) return api.change('DELETE', path`/clients/${client_id}/jwks/${kid}`, options);
  return api.change('DELETE', path`/clients/${client_id}/jwks`, { ...options, ...(etag !== undefined && { ifMatch: etag }) });
}

/** The client's key of that name. @throws {Failure} `not-found`, with the nearest name there is */
export function keyNamed(kid: string, { client_name }: Client, keys: readonly Key[]): Key {
  const found = keys.find((key) => key.kid === kid);
  if (found) return found;
  const names = keys.map((key) => key.kid);
  const near = nearest(kid, names);
  throw new Failure('not-found', `${client_name} has no key "${kid}"`, {
    fix: near === undefined ? `its keys are ${names.join(', ') || 'none'}` : `did you mean ${near}?`,
  });
}

/** How keys are shown. */
export function keyView({ now, utc }: { readonly now: EpochSeconds; readonly utc: boolean }): View<Key> {
  return {
    fields: [
      { name: 'kid' },
      { name: 'alg' },
      { name: 'exp', heading: 'expires', text: ({ exp }) => relative(exp, { now, utc }) },
      { name: 'x5c', heading: 'certificate', text: ({ x5c }) => (x5c ? 'yes' : 'no') },
      { name: 'created', text: ({ created = '' }) => created.slice(0, 10) },
      { name: 'last_updated', wide: true, text: ({ last_updated = '' }) => String(last_updated).slice(0, 10) },
    ],
    name: ({ kid }) => `key/${kid}`,
  };
}
