import type { EpochSeconds } from '../server/core/time.ts';
import type { Access, TokenCount } from './api-shapes.ts';
import { day } from './moment.ts';
import type { View } from './output.ts';
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

/** An access with what is known of the consumer's tokens. */
export type AccessRow = Access & Figures;

/** An access to a scope of the own organisation with its figures. */
export function toAccessRow(access: Access, counts: readonly TokenCount[] | undefined): AccessRow {
  return {
    ...access,
    ...figures(counts, ({ scope, consumer_orgno }) => scope === access.scope && consumer_orgno === access.consumer_orgno),
  };
}

/** How those who have access to one scope are shown. */
export function usedView(clock: { readonly now: EpochSeconds; readonly utc: boolean }): View<AccessRow> {
  const text = (row: AccessRow) => lastToken(row, clock);
  return {
    name: givenView.name,
    fields: [...givenView.fields, { name: 'tokens' }, { name: 'last_token', heading: 'last', text }],
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
