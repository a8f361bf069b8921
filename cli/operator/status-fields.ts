import type { StoreStatus } from '../../server/storage/upkeep.ts';
import { rfc3339 } from '../moment.ts';
import type { View } from '../output.ts';

/** What is told of any store whose schema has it; null: nothing is known. */
export type StoreFields = {
  readonly audit: StoreStatus['audit'] | null;
  /** Assertions that were issued earlier, or end within a span, are refused; null: none are. */
  readonly replay_floor: { readonly issued_from: string | null; readonly forgotten: readonly Span[] } | null;
  readonly last_backup: { readonly at: string; readonly sha256: string } | null;
};

type Span = { readonly since: string; readonly until: string };

/** The same as it is told. */
export function storeFields({
  replay_floor: floor,
  last_backup: last,
}: Pick<StoreStatus, 'replay_floor' | 'last_backup'>): Omit<StoreFields, 'audit'> {
  return { replay_floor: floor ? told(floor) : null, last_backup: last ? { at: rfc3339(last.at), sha256: last.digest } : null };
}

function told({ issued_from, forgotten }: NonNullable<StoreStatus['replay_floor']>): NonNullable<StoreFields['replay_floor']> {
  return {
    issued_from: issued_from === 0 ? null : rfc3339(issued_from),
    forgotten: forgotten.map(({ since, until }) => ({ since: rfc3339(since), until: rfc3339(until) })),
  };
}

/** How it is shown. */
export const STORE_FIELDS: View<StoreFields>['fields'] = [
  {
    name: 'audit',
    text: ({ audit }) =>
      audit ? `${audit.last_sequence} records, ${audit.chains} chains, checkpoint ${audit.last_checkpoint}` : 'unknown',
  },
  {
    name: 'replay_floor',
    text: ({ replay_floor: floor }) =>
      [
        ...(floor?.issued_from ? [`issued from ${floor.issued_from}`] : []),
        ...(floor?.forgotten ?? []).map(({ since, until }) => `not ending from ${since} to ${until}`),
      ].join(', ') || 'none',
  },
  { name: 'last_backup', text: ({ last_backup: last }) => last?.at ?? 'never' },
];
