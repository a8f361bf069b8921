import type { EpochSeconds } from '../server/core/time.ts';
import type { Scope, TokenCount } from './api-shapes.ts';
import type { View } from './output.ts';
import { type Figures, figures, lastToken } from './token-counts.ts';

/** A scope with what is known of its tokens. */
export type ScopeRow = Scope & Figures;

/** A scope of the own organisation with its figures. */
export function toScopeRow(scope: Scope, counts: readonly TokenCount[] | undefined): ScopeRow {
  return { ...scope, ...figures(counts, (count) => count.scope === scope.name) };
}

/** How scopes are shown. */
export const scopeView: View<Scope> = {
  fields: [
    { name: 'name' },
    { name: 'description' },
    {
      name: 'accessible_for_all',
      heading: 'access',
      text: ({ accessible_for_all }) => (accessible_for_all ? 'open' : 'by grant'),
    },
    { name: 'delegation_source', heading: 'delegable', text: ({ delegation_source }) => (delegation_source ? 'yes' : 'no') },
    { name: 'visibility', text: ({ visibility }) => visibility.toLowerCase() },
    { name: 'active', heading: 'state', text: ({ active }) => (active ? 'active' : 'disabled') },
    { name: 'owner_orgno', wide: true },
    { name: 'at_max_age', wide: true },
    { name: 'created', wide: true },
    { name: 'last_updated', wide: true },
  ],
  name: ({ name }) => `scope/${name}`,
};

/** How the scopes of the own organisation are shown. */
export function ownScopeView(clock: { readonly now: EpochSeconds; readonly utc: boolean }): View<ScopeRow> {
  const text = (row: ScopeRow) => lastToken(row, clock);
  return {
    name: scopeView.name,
    fields: [...scopeView.fields, { name: 'tokens' }, { name: 'last_token', heading: 'last', text }],
  };
}
