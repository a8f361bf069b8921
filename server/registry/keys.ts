import type { Client, RegisteredKey, RegistrableKey } from '../core/client.ts';
import { Fault, invalidField } from '../core/fault.ts';
import type { Changes } from '../core/ports.ts';
import { type EpochSeconds, YEAR } from '../core/time.ts';
import type { Act } from './act.ts';
import { storeClient } from './clients.ts';

/** Most keys of one client. Contract §1.6 */
export const MAX_KEYS = 5;

/** A key that is to be registered, and the end that the caller wishes for it. */
export type KeyWish = { readonly key: RegistrableKey; readonly exp?: EpochSeconds };

/** A client and a change of its keys. */
export type KeysOfClient = { readonly client: Client; readonly keys: readonly KeyWish[] };

/**
 * Puts the keys in the place of those that the client has. One that it had already is renewed. Contract §5.3
 * @throws {Fault} PV-601 for no keys, more than {@link MAX_KEYS}, or two of one name
 */
export async function replaceKeys(changes: Changes, { client, keys }: KeysOfClient, act: Act): Promise<Client> {
  if (keys.length === 0) throw invalidField('jwks', 'keys', 'must hold a key; DELETE removes all of them');
  return storeKeys(changes, { client, keys: keySet(keys, client.keys, act.now) }, act);
}

/**
 * Adds a key, or puts it in the place of the one with its name.
 * @throws {Fault} PV-601 when there would be more than {@link MAX_KEYS}
 */
export async function putKey(changes: Changes, { client, key }: { client: Client; key: KeyWish }, act: Act): Promise<Client> {
  const { kid } = key.key;
  const others = client.keys.filter((other) => other.kid !== kid);
  const keys = [...others, ...keySet([key], client.keys, act.now)];
  assertSound(keys);
  return storeKeys(changes, { client, keys }, act);
}

/**
 * Removes one key of several. The last would leave the client to its enterprise certificate, which is said by removing them all.
 * @throws {Fault} PV-604, PV-601 for the last one
 */
export async function removeKey(changes: Changes, { client, kid }: { client: Client; kid: string }, act: Act): Promise<void> {
  findKey(client, kid);
  const keys = client.keys.filter((key) => key.kid !== kid);
  if (keys.length === 0) throw invalidField('jwks', 'kid', 'names the last key; DELETE of the key set removes it');
  await storeKeys(changes, { client, keys }, act);
}

/** Removes all keys: from now on the client signs with its organisation's enterprise certificate. */
export async function removeKeys(changes: Changes, client: Client, act: Act): Promise<void> {
  if (client.keys.length > 0) await storeKeys(changes, { client, keys: [] }, act);
}

/** The client's key of that name. @throws {Fault} PV-604 */
export function findKey({ keys }: Client, kid: string): RegisteredKey {
  const key = keys.find((candidate) => candidate.kid === kid);
  if (!key) throw new Fault('PV-604');
  return key;
}

/**
 * The keys of a client, with their times. Without an end a key gets a year from now, a later one is cut to that, and one that has
 * passed is kept as it is: refused, it would keep its successor out. Contract §5.3, `PV-SEC-014`
 * @param stands the keys that the client has; the same key keeps its day of creation.
 * @throws {Fault} PV-601 for more than {@link MAX_KEYS}, or two of one name
 */
export function keySet(keys: readonly KeyWish[], stands: readonly RegisteredKey[], now: EpochSeconds): RegisteredKey[] {
  const registered = keys.map(({ key, exp = now + YEAR }) => {
    const same = stands.find(({ kid, thumbprint }) => kid === key.kid && thumbprint === key.thumbprint);
    return { ...key, expires: Math.min(exp, now + YEAR), created: same?.created ?? now, lastUpdated: now };
  });
  assertSound(registered);
  return registered;
}

function assertSound(keys: readonly RegisteredKey[]): void {
  if (keys.length > MAX_KEYS) throw invalidField('jwks', 'keys', `must hold at most ${MAX_KEYS} keys`);
  if (new Set(keys.map(({ kid }) => kid)).size < keys.length) throw invalidField('jwks', 'keys', 'must name each kid once');
}

async function storeKeys(
  changes: Changes,
  { client, keys }: { readonly client: Client; readonly keys: readonly RegisteredKey[] },
  act: Act,
): Promise<Client> {
  return storeClient(changes, { before: client, after: { ...client, keys } }, act);
}
