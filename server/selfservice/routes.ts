import { accessRequestRoutes } from './access-requests.ts';
import { accessRoutes } from './accesses.ts';
import { auditRoutes } from './audit.ts';
import { auditListRoutes } from './audit-list.ts';
import { certificateCheckRoutes } from './certificate-check.ts';
import { clientRoutes } from './clients.ts';
import { consentRoutes } from './consents.ts';
import { delegationSourceRoutes } from './delegation-sources.ts';
import { delegationRoutes } from './delegations.ts';
import { documentRoutes } from './documents.ts';
import { expiringRoutes } from './expiring.ts';
import { explanationRoutes } from './explanations.ts';
import { jwksRoutes } from './jwks.ts';
import { onBehalfOfRoutes } from './on-behalf-of.ts';
import { operatorClientRoutes } from './operator-clients.ts';
import { operatorOrganizationRoutes } from './operator-organizations.ts';
import { operatorPrefixRoutes } from './operator-prefixes.ts';
import { operatorSigningKeyRoutes } from './operator-signing-keys.ts';
import { operatorSourceRoutes } from './operator-sources.ts';
import { operatorTrustRoutes } from './operator-trust.ts';
import { operatorTrustSettingsRoutes } from './operator-trust-settings.ts';
import { organizationRoutes } from './organizations.ts';
import { prefixRoutes } from './prefixes.ts';
import { readinessRoutes } from './readiness.ts';
import type { Route } from './route.ts';
import { scopeRoutes } from './scopes.ts';
import { statisticMonthRoutes } from './statistic-months.ts';
import { statisticRoutes } from './statistics.ts';
import { systemUserRoutes } from './system-users.ts';
import { systemRoutes } from './systems.ts';
import { tokenCountRoutes } from './token-counts.ts';

/** What the API does, with who may do it. */
export const operations: readonly Route[] = [
  ...clientRoutes,
  ...jwksRoutes,
  ...certificateCheckRoutes,
  ...onBehalfOfRoutes,
  ...scopeRoutes,
  ...accessRoutes,
  ...accessRequestRoutes,
  ...prefixRoutes,
  ...delegationSourceRoutes,
  ...delegationRoutes,
  ...systemRoutes,
  ...systemUserRoutes,
  ...consentRoutes,
  ...organizationRoutes,
  ...explanationRoutes,
  ...tokenCountRoutes,
  ...statisticRoutes,
  ...statisticMonthRoutes,
  ...readinessRoutes,
  ...auditListRoutes,
  ...auditRoutes,
  ...expiringRoutes,
  ...operatorOrganizationRoutes,
  ...operatorClientRoutes,
  ...operatorPrefixRoutes,
  ...operatorTrustRoutes,
  ...operatorTrustSettingsRoutes,
  ...operatorSigningKeyRoutes,
  ...operatorSourceRoutes,
];

/** Every address of the API, its own documents too. A handler that is not in this table does not exist. `PV-SEC-082` */
export const routes: readonly Route[] = [...operations, ...documentRoutes(operations)];
