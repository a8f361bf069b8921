import { z } from 'zod';
import type { AdminScope } from '../core/admin-scopes.ts';
import { Fault } from '../core/fault.ts';
import type { Registers } from '../core/ports.ts';
import type { Access } from '../core/scope.ts';
import { decideRequest, requestAccess } from '../registry/accesses.ts';
import { accessShape, showAccess, whatIsMeant } from './accesses.ts';
import { pageQuery, takePage } from './paging.ts';
import { type Call, type Route, route } from './route.ts';
import { inactiveQuery, reasonShape, scopeQuery } from './wire.ts';

const ASKS = ['idporten:dcr.write'] as const;
const READS = ['idporten:scopes.read', 'idporten:scopes.write'] as const;
const ANSWERS = ['idporten:scopes.write'] as const;

const requestShape = accessShape
  .extend({
    reason: z.string().optional().meta({ description: 'of the consumer, then of the owner' }),
    requested_by: z.string().optional().meta({ description: 'the client that asked' }),
  })
  .meta({ id: 'AccessRequest' });

const listQuery = pageQuery.extend(inactiveQuery.shape).extend({
  direction: z
    .enum(['made', 'received'])
    .optional()
    .meta({ description: 'those of the own organisation, or those on its scopes; both unless told, as far as the token allows' }),
});

const newRequest = z.strictObject({ scope: z.string().min(1, 'must name a scope'), reason: reasonShape.optional() });
const decision = z.strictObject({ decision: z.enum(['approve', 'deny']), reason: reasonShape.optional() });

/** A consumer asks for access, the owner answers. Own API, access requests */
export const accessRequestRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/scopes/access/requests',
    manners: 'own',
    scopes: [...ASKS, ...READS],
    summary: 'Requests for access that have not been answered; with inactive=true all',
    query: listQuery,
    answer: z.array(requestShape),
    handle: async (call: Call<z.infer<typeof listQuery>>) => {
      const { registers, query } = call;
      const requests = (await listFor(call)).filter(({ state }) => state === 'REQUESTED' || query.inactive === true);
      return takePage(call, requests, { key, show: showIn(registers) });
    },
  }),
  route({
    method: 'POST',
    path: '/scopes/access/requests',
    manners: 'own',
    scopes: ASKS,
    summary: 'Ask the owner of a scope for access',
    body: newRequest,
    answer: requestShape,
    handle: async (call: Call<unknown, z.infer<typeof newRequest>>) =>
      call.change(async (changes) => showIn(changes)(await requestAccess(changes, call.body, call))),
  }),
  route({
    method: 'POST',
    path: '/scopes/access/requests/{consumer_orgno}',
    manners: 'own',
    scopes: ANSWERS,
    summary: 'Answer a request for access',
    query: scopeQuery,
    body: decision,
    answer: requestShape,
    handle: async (call: Call<z.infer<typeof scopeQuery>, z.infer<typeof decision>>) =>
      call.change(async (changes) => {
        const { scope, before } = await whatIsMeant(call, changes);
        if (!before) throw new Fault('PV-604');
        const { decision, reason } = call.body;
        return showIn(changes)(await decideRequest(changes, { scope, before, approve: decision === 'approve', reason }, call));
      }),
  }),
];

/** Those that were asked for, in the order of scope and consumer. @throws {Fault} PV-641 for a direction that the token does not open */
async function listFor({ registers, caller, query: { direction } }: Call<z.infer<typeof listQuery>>): Promise<readonly Access[]> {
  const opens = (scopes: readonly AdminScope[]): boolean => scopes.some((scope) => caller.scopes.includes(scope));
  if (direction !== undefined && !opens(direction === 'made' ? ASKS : READS))
    throw new Fault('PV-641', { say: { scopes: (direction === 'made' ? ASKS : READS).join(', ') } });
  const made =
    direction !== 'received' && opens(ASKS)
      ? await registers.accesses.list({ consumerOrgno: caller.orgno, requested: true })
      : [];
  const received =
    direction !== 'made' && opens(READS) ? await registers.accesses.list({ ownerOrgno: caller.orgno, requested: true }) : [];
  const onOwnScope = new Set(received.map(({ scope }) => scope));
  const all = [...made.filter(({ scope }) => !onOwnScope.has(scope)), ...received];
  return all.sort((a, b) => Buffer.compare(Buffer.from(key(a)), Buffer.from(key(b))));
}

function key({ scope, consumerOrgno }: Access): string {
  return `${scope} ${consumerOrgno}`;
}

function showIn(registers: Registers): (access: Access) => Promise<object> {
  return async (access) => {
    const scope = await registers.scopes.find(access.scope);
    if (!scope) throw new Error(`an access to the scope ${access.scope}, which is not there`);
    const { reason, requestedBy } = access;
    return {
      ...(await showAccess(access, scope, registers)),
      ...(reason !== undefined && { reason }),
      ...(requestedBy !== undefined && { requested_by: requestedBy }),
    };
  };
}
