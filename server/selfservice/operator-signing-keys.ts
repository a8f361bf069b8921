import { z } from 'zod';
import { OPERATOR_SCOPE } from '../core/admin-scopes.ts';
import { publishedUntil, SIGNING_KEY_STATES, type SigningKeyRecord, signsFrom } from '../core/signing-key.ts';
import { pageQuery, takePage } from './paging.ts';
import { type Call, type Route, route } from './route.ts';
import { instant, instantShape } from './wire.ts';

const signingKeyShape = z
  .object({
    kid: z.string(),
    alg: z.string(),
    state: z.enum(SIGNING_KEY_STATES).meta({
      description:
        'generated: shown to nobody yet; pending: published, does not sign; active: signs; retired: published, signs no more; removed: gone',
    }),
    created: instantShape,
    not_before: instantShape.exactOptional().meta({ description: 'when it began to sign, or may at the earliest' }),
    not_after: instantShape.exactOptional().meta({ description: 'until when a retired key stays published' }),
    published: instantShape.exactOptional(),
    activated: instantShape.exactOptional(),
    retired: instantShape.exactOptional(),
    removed: instantShape.exactOptional(),
  })
  .meta({ id: 'SigningKey' });

type WireKey = z.infer<typeof signingKeyShape>;

function toWire(key: SigningKeyRecord): WireKey {
  const { kid, alg, state, created, published, activated, retired, removed } = key;
  const moments = { not_before: signsFrom(key), not_after: publishedUntil(key), published, activated, retired, removed };
  const known = Object.entries(moments).flatMap(([name, at]) => (at === undefined ? [] : [[name, instant(at)]]));
  return { kid, alg, state, created: instant(created), ...Object.fromEntries(known) };
}

/** The server's signing keys; changing them is the host's. Own API, operator */
export const operatorSigningKeyRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/operator/signing-keys',
    manners: 'own',
    scopes: [OPERATOR_SCOPE],
    summary: 'The keys that the server signs with, has signed with or will',
    query: pageQuery,
    answer: z.array(signingKeyShape),
    handle: async (call: Call<z.infer<typeof pageQuery>>) => {
      const keys = await call.registers.signingKeys.list();
      const byName = keys.toSorted((a, b) => Buffer.compare(Buffer.from(a.kid), Buffer.from(b.kid)));
      return takePage(call, byName, { key: ({ kid }) => kid, show: toWire });
    },
  }),
];
