import { z } from 'zod';
import { OPERATOR_SCOPE } from '../core/admin-scopes.ts';
import { ASSERTION_MAX_BYTES, type AssertionClaims } from '../core/assertion.ts';
import { type Explanation, explainAssertion, explainClaims, explainKept, type KeptSight } from '../core/explain.ts';
import { Fault } from '../core/fault.ts';
import type { Ports } from '../core/ports.ts';
import { ASSERTION_MAX_LIFETIME } from '../core/settings.ts';
import type { EpochSeconds } from '../core/time.ts';
import type { Caller } from './caller.ts';
import { type Call, type Route, route } from './route.ts';
import { instant, instantShape } from './wire.ts';

const question = z
  .strictObject({
    assertion: z.string().min(1).max(ASSERTION_MAX_BYTES).exactOptional().meta({ description: 'judged, and not spent' }),
    client_id: z.string().min(1).max(255).exactOptional().meta({ description: 'of a simulation, that needs no assertion' }),
    scope: z.string().regex(/\S/, 'must name a scope').max(32_000).exactOptional(),
    consumer_org: z.string().exactOptional(),
    resource: z.union([z.string(), z.array(z.string()).min(1)], 'must be a string or an array of strings').exactOptional(),
    authorization_details: z.array(z.record(z.string(), z.json())).min(1).exactOptional(),
  })
  .check(asksOneThing)
  .meta({
    id: 'ExplanationRequest',
    description: 'Either assertion alone, or client_id and scope and whatever else the claims would hold.',
  });

const explanationShape = z
  .object({
    id: z.string().meta({ description: 'the correlation id' }),
    at: instantShape,
    outcome: z.enum(['refused', 'would_issue', 'would_refuse']),
    code: z.string().exactOptional().meta({ description: 'what the token endpoint answered with, or would' }),
    client_id: z.string().exactOptional(),
    consumer_orgno: z.string().exactOptional(),
    supplier_orgno: z.string().exactOptional(),
    scopes: z.array(z.string()),
    checks: z.array(
      z.object({
        id: z.string(),
        title: z.string(),
        result: z.enum(['pass', 'fail', 'not_reached']),
        code: z.string().exactOptional(),
        expected: z.string().exactOptional(),
        got: z.string().exactOptional(),
        fix: z.string().exactOptional(),
      }),
    ),
  })
  .meta({ id: 'Explanation' });

/** Why a token is, or is not, issued. Own API, explanations */
export const explanationRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: '/explanations',
    manners: 'own',
    scopes: ['portvakt:explanations', OPERATOR_SCOPE],
    summary: 'Judge an assertion, or what one would say, by every check; nothing is spent or kept',
    body: question,
    answer: explanationShape,
    safe: true,
    handle: async (call: Call<unknown, z.infer<typeof question>>) => {
      const { body, caller, ports } = call;
      const explanation =
        body.assertion !== undefined
          ? await explainAssertion(body.assertion, caller, ports)
          : await explainClaims(claimsOf(call), caller, ports);
      if (!explanation) throw new Fault('PV-604');
      return toWire(explanation, { id: call.correlationId, at: call.now });
    },
  }),
  route({
    method: 'GET',
    path: '/explanations/{id}',
    manners: 'own',
    scopes: ['portvakt:explanations', OPERATOR_SCOPE],
    summary:
      'Why a token was refused, by the trace_id of the refusal: for the organisation whose client it was, and without keys for the owner of all its scopes',
    answer: explanationShape,
    handle: async ({ params: { id = '' }, caller, ports }: Call) => {
      const explanation = await findKept(id, caller, ports);
      if (!explanation) throw new Fault('PV-606');
      return toWire(explanation, { id, at: explanation.at });
    },
  }),
];

/** What was refused here a moment ago may not be kept yet. */
async function findKept(id: string, caller: Caller, ports: Ports): Promise<KeptSight | undefined> {
  if (!/^[0-9a-f]{32}$/.test(id)) return undefined;
  await ports.refused.settled();
  return explainKept(id, caller, ports);
}

function asksOneThing({ value, issues }: z.core.ParsePayload<Readonly<Record<string, unknown>>>): void {
  const { assertion, client_id, scope, ...more } = value;
  const wrong = (field: string, message: string) => issues.push({ code: 'custom', path: [field], message, input: value });
  if (assertion === undefined && client_id === undefined) wrong('assertion', 'is missing, and so is client_id');
  if (assertion === undefined && client_id !== undefined && scope === undefined) wrong('scope', 'is missing');
  if (assertion === undefined) return;
  for (const [member] of Object.entries({ client_id, scope, ...more }).filter(([, given]) => given !== undefined))
    wrong(member, 'does not go with assertion');
}

/** The claims that a client would sign; what they do not say is what it would say anyway. */
function claimsOf({ body, now, ports }: Call<unknown, z.infer<typeof question>>): AssertionClaims {
  const { client_id = '', scope = '', consumer_org, resource, authorization_details } = body;
  return {
    ...{ iss: client_id, aud: ports.settings.issuer, scope, iat: now, exp: now + ASSERTION_MAX_LIFETIME },
    ...(consumer_org !== undefined && { consumerOrg: consumer_org }),
    ...(resource !== undefined && { resource: typeof resource === 'string' ? [resource] : resource }),
    ...(authorization_details !== undefined && { authorizationDetails: authorization_details }),
  };
}

function toWire(
  { outcome, code, clientId, consumer, supplier, scopes, checks }: Explanation,
  { id, at }: { readonly id: string; readonly at: EpochSeconds },
): object {
  return {
    ...{ id, at: instant(at), outcome },
    ...(code !== undefined && { code }),
    ...(clientId !== undefined && { client_id: clientId }),
    ...(consumer !== undefined && { consumer_orgno: consumer }),
    ...(supplier !== undefined && { supplier_orgno: supplier }),
    ...{ scopes, checks },
  };
}
