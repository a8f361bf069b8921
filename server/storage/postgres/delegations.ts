import { type DelegatedScope, type Delegation, type DelegationFilter, isWithin, type Period } from '../../core/delegation.ts';
import type { Changes } from '../../core/ports.ts';
import { type Conditions, conditionsFor } from '../conditions.ts';
import { type DelegationRow, fromRow, type PeriodRow, toPeriod, toRow } from '../rows/delegation.ts';
import type { Connection } from './database.ts';

/** The register of delegations. */
export function delegations(connection: Connection): Changes['delegations'] {
  const find = connection.statement<[id: string], DelegationRow>(`${SELECT} WHERE id = $1`);
  const periodsOf = connection.statement<[DelegatedScope], PeriodRow>(`
    SELECT valid_from AS "validFrom", valid_to AS "validTo" FROM delegation_scopes
    WHERE scope = @scope AND consumer_orgno = @consumerOrgno AND supplier_orgno = @supplierOrgno AND NOT revoked
      AND ${betweenActive('delegation_scopes')}`);
  const periods = async (asked: DelegatedScope): Promise<readonly Period[]> => (await periodsOf.all(asked)).map(toPeriod);
  const put = putter(connection);
  return {
    find: async (id) => {
      const row = await find.get(id);
      return row && fromRow(row);
    },
    inForce: async (asked, now) => isWithin(await periods(asked), now),
    periods,
    list: async (filter) => listing(connection, filter),
    put: (delegation) => put(toRow(delegation)),
  };
}

/** The delegations that a condition finds, in the order that it says. */
export function delegationsWhere<Asked extends object>(
  connection: Connection,
  condition: string,
): (asked: Asked) => Promise<Delegation[]> {
  const found = connection.statement<[Asked], DelegationRow>(`${SELECT} WHERE ${condition}`);
  return async (asked) => (await found.all(asked)).map(fromRow);
}

const SELECT = `
  SELECT id, consumer_orgno AS "consumerOrgno", supplier_orgno AS "supplierOrgno", scopes, valid_from AS "validFrom",
    valid_to AS "validTo", revoked, reason, created, last_updated AS "lastUpdated"
  FROM delegations`;

function begunAndNotOver(moment: string): string {
  return `(valid_from IS NULL OR valid_from <= ${moment}) AND (valid_to IS NULL OR valid_to > ${moment})`;
}

function betweenActive(table: string): string {
  const active = (party: string) => `(SELECT active FROM organizations WHERE orgno = ${table}.${party})`;
  return `${active('consumer_orgno')} AND ${active('supplier_orgno')}`;
}

/** Replaces the row and the rows of its scopes. */
function putter(connection: Connection): (row: DelegationRow) => Promise<void> {
  const forget = connection.statement<[id: string]>('DELETE FROM delegation_scopes WHERE delegation_id = $1');
  const put = connection.statement<[DelegationRow]>(`
    INSERT INTO delegations (id, consumer_orgno, supplier_orgno, scopes, valid_from, valid_to, revoked, reason, created, last_updated)
    VALUES (@id, @consumerOrgno, @supplierOrgno, @scopes, @validFrom, @validTo, @revoked, @reason, @created, @lastUpdated)
    ON CONFLICT (id) DO UPDATE SET
      consumer_orgno = excluded.consumer_orgno, supplier_orgno = excluded.supplier_orgno, scopes = excluded.scopes,
      valid_from = excluded.valid_from, valid_to = excluded.valid_to, revoked = excluded.revoked, reason = excluded.reason,
      created = excluded.created, last_updated = excluded.last_updated`);
  const note = connection.statement<[id: string]>(`
    INSERT INTO delegation_scopes (scope, consumer_orgno, supplier_orgno, revoked, delegation_id, valid_from, valid_to)
    SELECT scope, consumer_orgno, supplier_orgno, revoked, id, valid_from, valid_to
    FROM delegations, json_array_elements_text(scopes::json) AS scope WHERE id = $1`);
  return async (row) => {
    await forget.run(row.id);
    await put.run(row);
    await note.run(row.id);
  };
}

/** Members that say whose delegations are listed; a list without any of them would be everybody's. */
const CHOICES: Conditions<DelegationFilter> = {
  consumerOrgno: 'consumer_orgno = @consumerOrgno',
  supplierOrgno: 'supplier_orgno = @supplierOrgno',
  scope: 'id IN (SELECT delegation_id FROM delegation_scopes WHERE scope = @scope)',
  ownerOrgno: `id IN (SELECT delegation_id FROM delegation_scopes WHERE scope IN (SELECT name FROM scopes WHERE owner_orgno = @ownerOrgno))`,
};

/** Of one party's delegations each is asked for the scope; all that a scope has, which may be very many, are not gathered. */
const SCOPE_OF_PARTY = `EXISTS (
  SELECT 1 FROM delegation_scopes
  WHERE delegation_scopes.scope = @scope AND delegation_scopes.consumer_orgno = delegations.consumer_orgno
    AND delegation_scopes.supplier_orgno = delegations.supplier_orgno
    AND delegation_scopes.revoked = delegations.revoked AND delegation_scopes.delegation_id = delegations.id)`;

const BOUNDS: Conditions<DelegationFilter> = {
  notOverAt: 'NOT revoked AND (valid_to IS NULL OR valid_to > @notOverAt)',
  inForceAt: `NOT revoked AND ${begunAndNotOver('@inForceAt')} AND ${betweenActive('delegations')}`,
  after: 'id > @after',
};

/** For the members that a filter has. Bounds are whole seconds, so that of a moment its second is enough. */
async function listing(connection: Connection, filter: DelegationFilter): Promise<Delegation[]> {
  const ofParty = filter.consumerOrgno !== undefined || filter.supplierOrgno !== undefined;
  const chosen = conditionsFor(ofParty ? { ...CHOICES, scope: SCOPE_OF_PARTY } : CHOICES, filter);
  if (chosen.length === 0) throw new Error('a list of every delegation was asked for');
  const where = [...chosen, ...conditionsFor(BOUNDS, filter)].join(' AND ');
  const { notOverAt, inForceAt } = filter;
  const found = delegationsWhere(connection, `${where} ORDER BY id${filter.limit === undefined ? '' : ' LIMIT @limit'}`);
  return found({
    ...filter,
    ...(notOverAt !== undefined && { notOverAt: Math.floor(notOverAt) }),
    ...(inForceAt !== undefined && { inForceAt: Math.floor(inForceAt) }),
  });
}
