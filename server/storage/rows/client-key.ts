import type { RegisteredKey } from '../../core/client.ts';

/** A client's key as the table holds it. */
export type ClientKeyRow = Omit<RegisteredKey, 'jwk' | 'alg' | 'x5c'> & {
  readonly clientId: string;
  readonly position: number;
  readonly jwk: string;
  readonly alg: string | null;
  readonly x5c: string | null;
};

/** As the table holds them, in their order. */
export function toRows(clientId: string, keys: readonly RegisteredKey[]): ClientKeyRow[] {
  return keys.map((key, position) => ({
    ...key,
    ...{ clientId, position },
    jwk: JSON.stringify(key.jwk),
    alg: key.alg ?? null,
    x5c: key.x5c === undefined ? null : JSON.stringify(key.x5c),
  }));
}

type ReadKey = Omit<RegisteredKey, 'alg' | 'x5c'> & {
  readonly alg: string | null;
  readonly x5c: readonly string[] | null;
};

/** Reads the keys of one client, which an adapter's own JSON lists by the names of their members. */
export function keysFromJson(json: string): RegisteredKey[] {
  return (JSON.parse(json) as ReadKey[]).map(({ alg, x5c, ...key }) => ({
    ...key,
    ...(alg !== null && { alg }),
    ...(x5c !== null && { x5c }),
  }));
}
