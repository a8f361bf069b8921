import { z } from 'zod';
import { delegationSources } from '../registry/delegation-sources.ts';
import { type Route, route } from './route.ts';
import { instant, instantShape } from './wire.ts';

/** Who may be named as a scope's delegation source. Contract §5.5.4 */
export const delegationSourceRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/delegationsources',
    manners: 'contract',
    scopes: 'public',
    summary: 'The issuers that a scope may name as its delegation source',
    answer: z.array(
      z
        .object({ name: z.string(), issuer: z.url(), created: instantShape, last_updated: instantShape })
        .meta({ id: 'DelegationSource' }),
    ),
    handle: async ({ ports, registers }) =>
      (await delegationSources(registers, ports.settings.issuer)).map(({ name, issuer, created, lastUpdated }) => ({
        ...{ name, issuer },
        ...{ created: instant(created), last_updated: instant(lastUpdated) },
      })),
  }),
];
