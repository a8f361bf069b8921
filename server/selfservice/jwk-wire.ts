import { z } from 'zod';
import type { RegisteredKey } from '../core/client.ts';
import { invalidField } from '../core/fault.ts';
import type { KeyPolicy } from '../core/ports.ts';
import type { KeyWish } from '../registry/keys.ts';
import { identifierShape, instant, instantShape } from './wire.ts';

const algorithm = z.enum(['RS256', 'RS384', 'RS512']);

/** Refused, not removed: a private key that has been sent has to be replaced. `PV-SEC-014` */
const privateMember = z
  .never('is a private member: register the public key alone, and never use a private key again that was sent somewhere')
  .exactOptional();

/** A public key to be registered. What else stands in it, such as the times of an answer sent back, is ignored. Contract §5.3 */
export const jwkRequestShape = z
  .object({
    kty: z.literal('RSA', 'must be RSA'),
    use: z.literal('sig', 'must be sig'),
    alg: algorithm,
    kid: identifierShape,
    n: z.string(),
    e: z.string(),
    key_ops: z.array(z.string()).nullish(),
    x5c: z.array(z.string()).nullish(),
    exp: z.int().min(0, 'must be seconds since 1970').nullish(),
    ...{ d: privateMember, p: privateMember, q: privateMember, dp: privateMember, dq: privateMember },
    ...{ qi: privateMember, oth: privateMember, k: privateMember },
  })
  .meta({ id: 'JwkRequest' });

/** A registered key. Contract §5.3 */
export const jwkShape = z
  .object({
    kid: z.string(),
    kty: z.literal('RSA'),
    use: z.literal('sig'),
    alg: algorithm.exactOptional(),
    n: z.string(),
    e: z.string(),
    x5c: z.array(z.string()).exactOptional(),
    exp: z.int(),
    created: instantShape,
    last_updated: instantShape,
  })
  .meta({ id: 'Jwk' });

/** The keys of a client; without keys there are no times. Contract §5.3 */
export const jwksShape = z
  .object({ keys: z.array(jwkShape), created: instantShape.exactOptional(), last_updated: instantShape.exactOptional() })
  .meta({ id: 'Jwks' });

/**
 * The key of a request as the rules want it.
 * @param place where it stands in the body, with a final dot, or empty.
 * @throws {Fault} PV-601 naming the member that is to blame
 */
export function toKeyWish(body: z.infer<typeof jwkRequestShape>, place: string, policy: KeyPolicy): KeyWish {
  const { kty, use, alg, kid, n, e, key_ops, x5c, exp } = body;
  const key = policy.read({ kty, use, alg, kid, n, e, ...(key_ops && { key_ops }), ...(x5c && { x5c }) });
  if ('flaw' in key) throw invalidField('jwks', `${place}${key.member}`, key.flaw);
  return { key, ...(typeof exp === 'number' && { exp }) };
}

/** The key as the API shows it, always with its end: clients take a key without one for ended. Contract §5.3 */
export function keyToWire({ kid, alg, jwk, x5c, expires, created, lastUpdated }: RegisteredKey): object {
  return {
    kid,
    kty: jwk.kty,
    use: 'sig',
    ...(alg !== undefined && { alg }),
    ...{ n: jwk.n, e: jwk.e },
    ...(x5c !== undefined && { x5c }),
    exp: expires,
    created: instant(created),
    last_updated: instant(lastUpdated),
  };
}

/** The key set with the times of its oldest and its latest change. */
export function keysToWire(keys: readonly RegisteredKey[]): object {
  if (keys.length === 0) return { keys: [] };
  return {
    keys: keys.map(keyToWire),
    created: instant(Math.min(...keys.map(({ created }) => created))),
    last_updated: instant(Math.max(...keys.map(({ lastUpdated }) => lastUpdated))),
  };
}
