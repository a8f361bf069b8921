import { z } from 'zod';
import { writeLine } from '../audit/line.ts';
import { OPERATOR_SCOPE } from '../core/admin-scopes.ts';
import type { Audit } from '../core/audit.ts';
import { Fault } from '../core/fault.ts';
import { Lines } from './lines.ts';
import { type Route, route } from './route.ts';

const keysShape = z
  .object({
    keys: z.array(
      z.object({
        kty: z.string(),
        crv: z.string(),
        x: z.string(),
        kid: z.string(),
        use: z.literal('sig'),
        alg: z.literal('EdDSA'),
      }),
    ),
  })
  .meta({ id: 'CheckpointKeys' });

/** The audit: taken out to be verified elsewhere, and the keys that it is verified with. Own API, `PV-SEC-108` */
export const auditRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/audit/export',
    manners: 'own',
    scopes: ['portvakt:audit.read'],
    summary: 'The whole audit up to a checkpoint that is made now, as lines of JSON; for the operator',
    lines: 'A record with its place and hash, or a signed checkpoint, in the canonical form of RFC 8785',
    handle: async ({ caller, registers, ports, now }) => {
      const organization = await registers.organizations.find(caller.orgno);
      if (!organization?.adminScopes.includes(OPERATOR_SCOPE)) throw new Fault('PV-641', { say: { scopes: OPERATOR_SCOPE } });
      await ports.storage.audit.seal(now);
      return new Lines(written(ports.storage.audit));
    },
  }),
  route({
    method: 'GET',
    path: '/audit/keys',
    manners: 'own',
    scopes: 'public',
    summary: 'The public keys of every checkpoint, as a JWK set',
    answer: keysShape,
    handle: async ({ ports }) => ({
      keys: (await ports.storage.audit.keys()).map(({ kid, jwk }) => ({ ...jwk, kid, use: 'sig', alg: 'EdDSA' })),
    }),
  }),
];

/** Nothing beyond the last checkpoint, so that the end can be told from a cut. */
async function* written(audit: Audit): AsyncGenerator<string> {
  const { checkpoint } = await audit.end();
  for await (const line of audit.lines(checkpoint.sequence)) yield `${writeLine(line)}\n`;
}
