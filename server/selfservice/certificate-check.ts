import { z } from 'zod';
import { OPERATOR_SCOPE } from '../core/admin-scopes.ts';
import type { Client } from '../core/client.ts';
import { Fault } from '../core/fault.ts';
import type { CertificateVerdict } from '../core/ports.ts';
import { readX5c } from '../core/x5c.ts';
import type { Caller } from './caller.ts';
import { READ_CLIENTS } from './clients.ts';
import { type Call, type Route, route } from './route.ts';
import { instant, instantShape } from './wire.ts';

const chainShape = z
  .strictObject({
    x5c: z
      .array(z.string().max(16 * 1024))
      .min(1)
      .max(5)
      .meta({ description: 'as in the header of an assertion: base64 DER, the own certificate first' }),
  })
  .meta({ id: 'CertificateChain' });

const usableShape = z.object({
  client_id: z.string(),
  client_name: z.string(),
  by: z.enum(['x5c', 'kid']).meta({ description: 'kid: the certificate is bound to a registered key' }),
  kid: z.string().optional(),
});

const verdictShape = z
  .object({
    accepted: z.boolean(),
    code: z.string().optional().meta({ description: 'what the token endpoint would refuse it with' }),
    rule: z.string().optional().meta({ description: 'the rule that it breaks' }),
    expected: z.string().optional(),
    got: z.string().optional(),
    organization: z.string().optional(),
    organization_name: z.string().optional(),
    subject: z.string().optional(),
    not_after: instantShape.optional(),
    client_amr: z.string().optional(),
    trust_id: z.string().optional().meta({ description: 'the anchor that it leads up to' }),
    revocation: z.string().optional().meta({ description: 'what is demanded there; the certificate has met it' }),
    clients: z.array(usableShape).meta({ description: 'those that may use it; of other organisations none is shown' }),
  })
  .meta({ id: 'CertificateVerdict' });

/** Judges a certificate as the token endpoint would, with nothing spent and no signature asked. Ours */
export const certificateCheckRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: '/certificates/check',
    manners: 'own',
    scopes: [...READ_CLIENTS, OPERATOR_SCOPE],
    safe: true,
    summary: 'Whether a certificate is accepted here, whose it is, and which clients may use it',
    body: chainShape,
    answer: verdictShape,
    handle: check,
  }),
];

async function check(call: Call<unknown, z.infer<typeof chainShape>>): Promise<z.infer<typeof verdictShape>> {
  const { ports, body, now } = call;
  try {
    const chain = readX5c(body.x5c);
    const verdict = await ports.certificates.judge(chain, now);
    return await accepted(verdict, chain[0]?.toString('base64') ?? '', call);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return refused(error);
  }
}

/** The rule stands first in what the log is told. */
function refused({ code, circumstances }: Fault): z.infer<typeof verdictShape> {
  const { expected, got, detail } = circumstances;
  const [, rule] = /^([a-z_0-9]+): /.exec(detail ?? '') ?? [];
  return {
    ...{ accepted: false, code },
    ...(rule !== undefined && { rule }),
    ...(expected !== undefined && { expected }),
    ...(got !== undefined && { got }),
    clients: [],
  };
}

async function accepted(verdict: CertificateVerdict, leaf: string, call: Call): Promise<z.infer<typeof verdictShape>> {
  const { organization, subject, notAfter, amr, anchor, revocation } = verdict;
  const { organizations, clients } = call.registers;
  const registered = await organizations.find(organization);
  const found = registered?.active ? await clients.listOf(organization) : [];
  const own = found.filter((client) => client.orgno === organization);
  return {
    ...{ accepted: true, organization, subject, not_after: instant(notAfter), client_amr: amr, trust_id: anchor, revocation },
    ...(registered && { organization_name: registered.name }),
    clients: own.filter((client) => isShownTo(call.caller, client)).flatMap((client) => usableBy(client, leaf, call)),
  };
}

/** `PV-SEC-083` */
function isShownTo({ orgno, scopes }: Caller, client: Client): boolean {
  return scopes.includes(OPERATOR_SCOPE) || client.orgno === orgno || client.supplierOrgno === orgno;
}

/** A client without keys signs with its organisation's certificate, one with keys by them alone. Contract §1.3 */
function usableBy(client: Client, leaf: string, { ports, now }: Call): z.infer<typeof usableShape>[] {
  const { clientId: client_id, name: client_name, active, blocked, integrationType, keys } = client;
  const mayAct = active && blocked === undefined && ports.settings.integrationTypes.includes(integrationType);
  if (!mayAct) return [];
  if (keys.length === 0) return [{ client_id, client_name, by: 'x5c' }];
  const bound = keys.find(({ x5c, expires }) => x5c?.[0] === leaf && expires > now);
  return bound ? [{ client_id, client_name, by: 'kid', kid: bound.kid }] : [];
}
