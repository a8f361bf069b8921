import { z } from 'zod';
import { OPERATOR_SCOPE } from '../core/admin-scopes.ts';
import { pageQuery, takePage } from './paging.ts';
import { type Call, type Route, route } from './route.ts';
import { instant, instantShape } from './wire.ts';

const signingKeyShape = z
  .object({
    kid: z.string(),
    alg: z.string(),
    state: z.enum(['active', 'retired']).meta({ description: 'active: signs; retired: published, signs no more' }),
    not_before: instantShape,
  })
  .meta({ id: 'SigningKey' });

/** The server's signing keys; changing them is the host's. Own API, operator */
export const operatorSigningKeyRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/operator/signing-keys',
    manners: 'own',
    scopes: [OPERATOR_SCOPE],
    summary: 'The keys that the server signs with, or has signed with',
    query: pageQuery,
    answer: z.array(signingKeyShape),
    handle: async (call: Call<z.infer<typeof pageQuery>>) => {
      const keys = await call.registers.signingKeys.list();
      const newest = keys.at(-1)?.kid;
      const byName = keys.toSorted((a, b) => Buffer.compare(Buffer.from(a.kid), Buffer.from(b.kid)));
      return takePage(call, byName, {
        key: ({ kid }) => kid,
        show: ({ kid, alg, created }) => ({
          kid,
          alg,
          state: kid === newest ? 'active' : 'retired',
          not_before: instant(created),
        }),
      });
    },
  }),
];
