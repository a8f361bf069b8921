import { setImmediate as nextTurn } from 'node:timers/promises';
import { z } from 'zod';
import { OPERATOR_SCOPE } from '../core/admin-scopes.ts';
import type { AuditWindow, ChainedRecord } from '../core/audit.ts';
import { invalidField } from '../core/fault.ts';
import type { OrganizationNumber } from '../core/organization.ts';
import { isObject } from '../core/strict-json.ts';
import { Page, pageQuery } from './paging.ts';
import { type Call, type Route, route } from './route.ts';
import { instant, instantShape } from './wire.ts';

/** Records that are looked through at a time, so that nobody waits for it, and at most for one answer. */
const STRETCH = 5_000;
const MOST = 100_000;

/** The same where only changes are looked through: of many million records they are few. */
const CHANGES_STRETCH = 2_000_000;
const CHANGES_MOST = 200_000_000;

const auditQuery = pageQuery.extend({
  after: z.coerce
    .number()
    .int()
    .min(0)
    .optional()
    .meta({ description: 'only what has a higher sequence: what has come since a record' }),
  from: z.iso.datetime({ offset: true }).optional().meta({ description: 'the first moment' }),
  to: z.iso.datetime({ offset: true }).optional().meta({ description: 'the moment after the last' }),
  type: z
    .string()
    .regex(/^[a-z_]+(?:\.[a-z_]+)+$/, 'must be a type such as client.changed')
    .max(100)
    .optional(),
  kind: z
    .literal('changes')
    .optional()
    .meta({ description: 'changes: everything but tokens and their refusals, found without looking through those' }),
  subject: z
    .string()
    .min(1)
    .max(400)
    .optional()
    .meta({ examples: ['client/7f3b0c7e-3b1d-4d7a-9f0e-5a2c1d9e8b44'] }),
});

const recordShape = z
  .object({
    sequence: z.int(),
    at: instantShape,
    type: z.string(),
    actor: z
      .object({
        orgno: z.string().exactOptional(),
        client_id: z.string().exactOptional().meta({ description: 'of the own organisation alone' }),
      })
      .meta({ description: 'who acted; empty where it was the server' }),
    subject: z.string().exactOptional(),
    before: z.record(z.string(), z.unknown()).exactOptional(),
    after: z.record(z.string(), z.unknown()).exactOptional(),
    details: z.record(z.string(), z.unknown()).meta({ description: 'whatever else is kept of the event' }),
    correlation_id: z.string(),
    hash: z.string(),
  })
  .meta({ id: 'AuditRecord' });

/** What happened, newest first. Own API, audit */
export const auditListRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/audit',
    manners: 'own',
    scopes: ['portvakt:audit.read'],
    summary:
      'What the own organisation did and what was done in its name, newest first; for the operator everything. A page may be short although more follows: its Link header tells',
    query: auditQuery,
    answer: z.array(recordShape),
    handle: async (call: Call<z.infer<typeof auditQuery>>) => {
      const operator = await isOperator(call);
      const own = operator ? undefined : call.caller.orgno;
      const { records, next } = await look(call, own);
      return new Page(
        records.map((record) => toWire(record, own)),
        next === undefined ? undefined : call.cursors.seal(`${next}`),
      );
    },
  }),
];

/** Whether the caller's organisation is the operator's. */
export async function isOperator({ caller, registers }: Pick<Call, 'caller' | 'registers'>): Promise<boolean> {
  return (await registers.organizations.find(caller.orgno))?.adminScopes.includes(OPERATOR_SCOPE) === true;
}

type Found = { readonly records: readonly ChainedRecord[]; readonly next: number | undefined };

/**
 * Looks backwards from the place of the page, a stretch at a time, until the page is full or enough has been looked through: an answer
 * costs the same however long the audit is. `PV-SEC-089`
 */
async function look(call: Call<z.infer<typeof auditQuery>>, own: OrganizationNumber | undefined): Promise<Found> {
  const { query, ports, cursors } = call;
  const { limit = 50, cursor, after = 0 } = query;
  const filter = filterOf(query, own);
  const end = await ports.storage.audit.end();
  const first = cursor === undefined ? end.sequence + 1 : Number(cursors.open(cursor));
  const records: ChainedRecord[] = [];
  const [stretch, most] = filter.changes ? [CHANGES_STRETCH, CHANGES_MOST] : [STRETCH, MOST];
  let below = first;
  while (below > after + 1 && first - below < most && records.length < limit) {
    const above = Math.max(after, below - 1 - stretch);
    const found = await ports.storage.audit.window({ ...filter, above, below, limit });
    const shown = found.filter((record) => own === undefined || concerns(record, own)).slice(0, limit - records.length);
    records.push(...shown);
    // Where the page is full it goes on below its last row, where the store gave all it was asked for below that one's last.
    const last = (records.length === limit ? shown : found.length === limit ? found : []).at(-1);
    below = last?.sequence ?? above + 1;
    await nextTurn();
  }
  return { records, next: below > after + 1 ? below : undefined };
}

function filterOf(
  { from, to, type, kind, subject }: z.infer<typeof auditQuery>,
  orgno: OrganizationNumber | undefined,
): Omit<AuditWindow, 'above' | 'below' | 'limit'> {
  const [start, end] = [from, to].map((text) => (text === undefined ? undefined : Math.ceil(Date.parse(text) / 1000)));
  if (start !== undefined && end !== undefined && start >= end) throw invalidField('query', 'to', 'must be later than from');
  return {
    ...(start !== undefined && { from: start }),
    ...(end !== undefined && { to: end }),
    ...(type !== undefined && { type }),
    ...(kind !== undefined && { changes: true }),
    ...(subject !== undefined && { subject }),
    ...(orgno !== undefined && { orgno }),
  };
}

/** Whether the organisation acted, was acted for or acted on behalf of another, or is itself what was changed. */
function concerns({ orgno, details }: ChainedRecord, own: OrganizationNumber): boolean {
  const { consumer_orgno, supplier_orgno, subject } = details as Readonly<Record<string, unknown>>;
  return orgno === own || consumer_orgno === own || supplier_orgno === own || subject === `organization/${own}`;
}

/** Which clients another organisation has is its own business, whoever it acted for. `PV-SEC-083` */
function toWire({ sequence, at, type, client_id, orgno, correlation_id, hash, details }: ChainedRecord, own?: string): object {
  const { subject, before, after, ...rest } = details as Readonly<Record<string, unknown>>;
  const whole = own === undefined || orgno === own;
  const about = subject ?? (client_id !== undefined && whole ? `client/${client_id}` : undefined);
  return {
    ...{ sequence, at: instant(at), type },
    actor: { ...(orgno !== undefined && { orgno }), ...(client_id !== undefined && whole && { client_id }) },
    ...(about !== undefined && { subject: about }),
    ...(isObject(before as never) && { before }),
    ...(isObject(after as never) && { after }),
    ...{ details: rest, correlation_id, hash },
  };
}
