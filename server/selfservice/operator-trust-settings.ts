import { z } from 'zod';
import { OPERATOR_SCOPE } from '../core/admin-scopes.ts';
import { type Route, route } from './route.ts';

const settingsShape = z
  .object({
    environment: z.enum(['test', 'production']).meta({ description: 'the one whose CAs may be trusted here' }),
    profiles: z.array(z.string()).meta({ description: 'where the organisation may stand in certificates below a CA' }),
    organization_namespaces: z
      .array(z.string())
      .meta({ description: 'registers that an anchor may be let assert organisations of, such as NTRSE' }),
  })
  .meta({ id: 'TrustSettings' });

/** What a trust entry may say on this server, for those who make many. Ours; `PV-SEC-050`, `PV-SEC-052` */
export const operatorTrustSettingsRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/operator/trust-settings',
    manners: 'own',
    scopes: [OPERATOR_SCOPE],
    summary: 'What may be said of a trusted CA here',
    answer: settingsShape,
    handle: async ({ ports: { certificates } }) => ({
      environment: certificates.environment,
      profiles: certificates.profiles,
      organization_namespaces: certificates.namespaces,
    }),
  }),
];
