import { z } from 'zod';
import { writeLine } from '../audit/line.ts';
import type { Audit, AuditLine } from '../core/audit.ts';
import type { OrganizationNumber } from '../core/organization.ts';
import { isOperator } from './audit-list.ts';
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
    summary:
      'The audit up to a checkpoint that is made now, as lines of JSON: the whole of it for the operator, the own records among the checkpoints for the rest',
    lines: 'A record with its place and hash, or a signed checkpoint, in the canonical form of RFC 8785',
    handle: async (call) => {
      const { audit } = call.ports.storage;
      const own = (await isOperator(call)) ? undefined : call.caller.orgno;
      if (own === undefined) await audit.seal(call.now);
      return new Lines(written(audit, own));
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
async function* written(audit: Audit, own: OrganizationNumber | undefined): AsyncGenerator<string> {
  const { checkpoint } = await audit.end();
  for await (const line of audit.lines(checkpoint.sequence))
    if (own === undefined || isShown(line, own)) yield `${writeLine(line)}\n`;
}

/** Word for word, or its hash would not stand: so only what the own organisation did. */
function isShown(line: AuditLine, own: OrganizationNumber): boolean {
  return 'checkpoint' in line || line.orgno === own;
}
