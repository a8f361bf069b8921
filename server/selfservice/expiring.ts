import { z } from 'zod';
import { type AdminScope, OPERATOR_SCOPE } from '../core/admin-scopes.ts';
import {
  daysAhead,
  ENDING_KINDS,
  type Ending,
  type EndingKind,
  FURTHEST,
  parseDays,
  WARNINGS,
  warningOf,
} from '../core/endings.ts';
import type { EpochSeconds } from '../core/time.ts';
import { type EndingsWish, listEndings } from '../registry/endings.ts';
import { READ_CLIENTS } from './clients.ts';
import { READ_DELEGATIONS } from './delegations.ts';
import { pageQuery, takePage } from './paging.ts';
import { type Call, type Route, route } from './route.ts';
import { instant, instantShape } from './wire.ts';

/** What each kind takes to be seen; authorities are the operator's, who sees everybody's of every kind. */
const OPENS: Readonly<Record<EndingKind, readonly AdminScope[]>> = {
  key: READ_CLIENTS,
  certificate: READ_CLIENTS,
  delegation: READ_DELEGATIONS,
  anchor: [],
  intermediate: [],
};

const DAYS = 90;

const expiringQuery = pageQuery.extend({
  within: z
    .string()
    .refine((text) => parseDays(text) !== undefined, `must be a number of days such as 30d, at most ${FURTHEST}d`)
    .optional()
    .meta({ description: `how far to look ahead, in days; ${DAYS}d unless told`, examples: ['30d'] }),
});

const expiringShape = z
  .object({
    kind: z.enum(ENDING_KINDS).meta({ description: 'anchor and intermediate: a trusted CA, for the operator' }),
    id: z.string().meta({ description: "a key's kid, the SHA-256 of a certificate, a delegation's id" }),
    name: z.string().meta({ description: "a client's name, a certificate's subject, what is delegated" }),
    ends: instantShape,
    within_days: z
      .literal([...WARNINGS])
      .exactOptional()
      .meta({ description: 'the most pressing warning that it is in; absent beyond all of them' }),
    client_id: z.string().exactOptional(),
    orgno: z.string().exactOptional().meta({ description: "the client's organisation, or the consumer that delegates" }),
    supplier_orgno: z.string().exactOptional(),
    serial: z.string().exactOptional().meta({ description: 'of a certificate, in hex' }),
    last_seen: instantShape.exactOptional().meta({ description: 'of a certificate: figures, some seconds old' }),
  })
  .meta({ id: 'Expiring' });

/** What ends by itself, told before it does. Own API, expiring */
export const expiringRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/expiring',
    manners: 'own',
    scopes: [...READ_CLIENTS, ...READ_DELEGATIONS, OPERATOR_SCOPE],
    summary:
      'Keys, certificates and delegations that end soon, and for the operator trusted CAs; of each what the token may read',
    query: expiringQuery,
    answer: z.array(expiringShape),
    handle: async (call: Call<z.infer<typeof expiringQuery>>) => {
      const days = parseDays(call.query.within ?? '') ?? DAYS;
      const endings = await listEndings(call.ports, wishOf(call.caller), daysAhead(days, call.now));
      const rows = endings.map((ending) => toWire(ending, call.now));
      return takePage(call, rows.toSorted(byPlace), { key: place, show: (row) => row });
    },
  }),
];

function wishOf({ orgno, scopes }: Call['caller']): EndingsWish {
  if (scopes.includes(OPERATOR_SCOPE)) return { kinds: new Set(ENDING_KINDS) };
  const open = ENDING_KINDS.filter((kind) => OPENS[kind].some((scope) => scopes.includes(scope)));
  return { kinds: new Set(open), organization: orgno };
}

type Row = z.infer<typeof expiringShape>;

/** In the order of their ends; a text, so that a page goes on where the one before ended. */
function place({ ends, kind, client_id = '', id }: Row): string {
  return `${ends} ${kind} ${client_id} ${id}`;
}

function byPlace(one: Row, other: Row): number {
  return Buffer.compare(Buffer.from(place(one)), Buffer.from(place(other)));
}

function toWire({ kind, id, name, ends, ...of }: Ending, now: EpochSeconds): Row {
  const within = warningOf(ends, now);
  return {
    ...{ kind, id, name, ends: instant(ends) },
    ...(within !== undefined && { within_days: within }),
    ...(of.clientId !== undefined && { client_id: of.clientId }),
    ...(of.orgno !== undefined && { orgno: of.orgno }),
    ...(of.supplierOrgno !== undefined && { supplier_orgno: of.supplierOrgno }),
    ...(of.serial !== undefined && { serial: of.serial }),
    ...(of.lastSeen !== undefined && { last_seen: instant(of.lastSeen) }),
  };
}
