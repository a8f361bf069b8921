import type { Delegation, MissedDelegation } from './acting-shapes.ts';
import { day, lastDay } from './moment.ts';
import type { View } from './output.ts';

/** How delegations are shown. */
export const delegationView: View<Delegation> = {
  fields: [
    { name: 'id' },
    { name: 'consumer_orgno', heading: 'consumer' },
    { name: 'supplier_orgno', heading: 'supplier' },
    { name: 'scopes' },
    { name: 'state', text: ({ state }) => state.toLowerCase() },
    { name: 'valid_from', heading: 'from', text: ({ valid_from }) => (valid_from === undefined ? '' : day(valid_from)) },
    { name: 'valid_to', heading: 'until', text: ({ valid_to }) => (valid_to === undefined ? '' : lastDay(valid_to)) },
    { name: 'reason', wide: true },
    { name: 'created', heading: 'given', text: ({ created }) => day(created), wide: true },
    { name: 'last_updated', heading: 'changed', text: ({ last_updated }) => day(last_updated), wide: true },
  ],
  name: ({ id }) => `delegation/${id}`,
};

/** How is shown what a supplier asked for in vain. */
export const missedView: View<MissedDelegation> = {
  fields: [
    { name: 'consumer_orgno', heading: 'customer' },
    { name: 'scope' },
    { name: 'times' },
    { name: 'last_asked', heading: 'last', text: ({ last_asked }) => day(last_asked) },
  ],
  name: ({ consumer_orgno, scope }) => `missed/${scope}/${consumer_orgno}`,
};
