import type { EpochSeconds } from '../server/core/time.ts';
import type { Delegation } from './acting-shapes.ts';
import type { Access, TokenCount } from './api-shapes.ts';
import { day, lastDay } from './moment.ts';
import type { Cells, View } from './output.ts';
import { type Figures, figures, lastToken } from './token-counts.ts';

/** How the accesses that an organisation has given are shown. */
export const givenView: View<Access> = {
  fields: [
    { name: 'consumer_orgno', heading: 'org' },
    { name: 'consumer_organization_name', heading: 'name' },
    { name: 'scope' },
    { name: 'state', text: ({ state }) => state.toLowerCase() },
    { name: 'last_updated', heading: 'since', text: ({ last_updated }) => day(last_updated) },
    { name: 'created', text: ({ created }) => day(created), wide: true },
    { name: 'owner_orgno', wide: true },
    { name: 'owner_organization_name', wide: true },
  ],
  name: ({ scope, consumer_orgno }) => `access/${scope}/${consumer_orgno}`,
};

/** A supplier that acts, or will act, for a consumer beneath its access. */
export type Supplier = {
  readonly supplier_orgno: string;
  /** Null for one that is not registered. */
  readonly supplier_organization_name: string | null;
  readonly delegation_id: string;
  readonly state: string;
  readonly since: string;
  /** Null: until it is revoked. */
  readonly valid_to: string | null;
} & Figures;

/** An access with those who act beneath it, and what is known of the tokens. */
export type AccessRow = Access &
  Figures & {
    /** Null where they are not to be had. */
    readonly suppliers: readonly Supplier[] | null;
  };

/** What is known beside the accesses; each undefined where it is not to be had. */
export type Surroundings = {
  readonly counts: readonly TokenCount[] | undefined;
  /** By consumer. */
  readonly delegations: ReadonlyMap<string, readonly Delegation[]> | undefined;
  readonly names: ReadonlyMap<string, string>;
};

/** An access to a scope of the own organisation, with its figures and its suppliers. */
export function toAccessRow(access: Access, { counts, delegations, names }: Surroundings): AccessRow {
  const isOf = ({ scope, consumer_orgno }: TokenCount) => scope === access.scope && consumer_orgno === access.consumer_orgno;
  const supplier = ({ id, supplier_orgno, state, valid_from, valid_to, created }: Delegation): Supplier => ({
    supplier_orgno,
    supplier_organization_name: names.get(supplier_orgno) ?? null,
    delegation_id: id,
    state,
    since: valid_from ?? created,
    valid_to: valid_to ?? null,
    ...figures(counts, (count) => isOf(count) && count.supplier_orgno === supplier_orgno),
  });
  return {
    ...access,
    suppliers: delegations ? actingBeneath(access, delegations).map(supplier) : null,
    ...figures(counts, isOf),
  };
}

/** The delegations beneath an access; where it is not in force, nobody acts beneath it. */
export function actingBeneath(
  { scope, consumer_orgno, state }: Access,
  delegations: NonNullable<Surroundings['delegations']>,
): readonly Delegation[] {
  if (state !== 'APPROVED') return [];
  return (delegations.get(consumer_orgno) ?? []).filter(({ scopes }) => scopes.includes(scope));
}

/** How those who have access are shown, each with its suppliers beneath. */
export function usedView(clock: { readonly now: EpochSeconds; readonly utc: boolean }): View<AccessRow> {
  return {
    name: givenView.name,
    fields: [
      ...givenView.fields,
      { name: 'tokens' },
      { name: 'last_token', heading: 'last', text: (row) => lastToken(row, clock) },
      { name: 'suppliers', text: ({ suppliers }) => `${suppliers?.length ?? ''}`, wide: true },
    ],
    beneath: ({ suppliers }) => (suppliers ?? []).map((supplier) => supplierCells(supplier, clock)),
  };
}

function supplierCells(supplier: Supplier, clock: { readonly now: EpochSeconds; readonly utc: boolean }): Cells<AccessRow> {
  const { supplier_orgno, supplier_organization_name, state, since, valid_to, tokens } = supplier;
  const period = valid_to === null ? '' : ` until ${lastDay(valid_to)}`;
  return {
    consumer_orgno: `  └ ${supplier_orgno}`,
    consumer_organization_name: supplier_organization_name ?? '',
    state: `${state === 'ACTIVE' ? 'delegated' : state.toLowerCase()}${period}`,
    last_updated: day(since),
    tokens: tokens === null ? '' : `${tokens}`,
    last_token: lastToken(supplier, clock),
  };
}

/** How the accesses that an organisation has been given are shown. */
export const receivedView: View<Access> = {
  ...givenView,
  fields: [
    { name: 'scope' },
    { name: 'owner_orgno', heading: 'owner' },
    { name: 'owner_organization_name', heading: 'name' },
    { name: 'state', text: ({ state }) => state.toLowerCase() },
    { name: 'last_updated', heading: 'since', text: ({ last_updated }) => day(last_updated) },
    { name: 'created', text: ({ created }) => day(created), wide: true },
    { name: 'consumer_orgno', wide: true },
    { name: 'consumer_organization_name', wide: true },
  ],
};

/** How requests for access are shown. */
export const requestView: View<Access> = {
  fields: [
    { name: 'scope' },
    { name: 'consumer_orgno', heading: 'org' },
    { name: 'consumer_organization_name', heading: 'name' },
    { name: 'state', text: ({ state }) => state.toLowerCase() },
    { name: 'created', heading: 'asked', text: ({ created }) => day(created) },
    { name: 'reason' },
    { name: 'requested_by', wide: true },
    { name: 'last_updated', heading: 'changed', text: ({ last_updated }) => day(last_updated), wide: true },
    { name: 'owner_orgno', wide: true },
    { name: 'owner_organization_name', wide: true },
  ],
  name: ({ scope, consumer_orgno }) => `request/${scope}/${consumer_orgno}`,
};
