import { accessRequestRoutes } from './access-requests.ts';
import { accessRoutes } from './accesses.ts';
import { clientRoutes } from './clients.ts';
import { delegationSourceRoutes } from './delegation-sources.ts';
import { jwksRoutes } from './jwks.ts';
import { onBehalfOfRoutes } from './on-behalf-of.ts';
import { organizationRoutes } from './organizations.ts';
import { prefixRoutes } from './prefixes.ts';
import type { Route } from './route.ts';
import { scopeRoutes } from './scopes.ts';

/** Every address of the API, with who may use it. A handler that is not in this table does not exist. `PV-SEC-082` */
export const routes: readonly Route[] = [
  ...clientRoutes,
  ...jwksRoutes,
  ...onBehalfOfRoutes,
  ...scopeRoutes,
  ...accessRoutes,
  ...accessRequestRoutes,
  ...prefixRoutes,
  ...delegationSourceRoutes,
  ...organizationRoutes,
];
