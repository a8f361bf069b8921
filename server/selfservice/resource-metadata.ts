import type { AdminScope } from '../core/admin-scopes.ts';
import type { Route } from './route.ts';
import { BASE } from './router.ts';

/** The paths at which the API is a resource: the contract's part also for the whole server. Decisions 8 */
export const RESOURCES: readonly string[] = ['', BASE];

/** Where the metadata of the API are, as a refusal for want of a token says. RFC 9728 §3.1, §5.1 */
export function resourceMetadataAddress(issuer: string): string {
  return `${issuer}.well-known/oauth-protected-resource${BASE}`;
}

/**
 * What a client must know to use the API: whose tokens, sent how, with which scopes. RFC 9728 §2, `PV-SEC-069`
 * @param path of the resource, one of {@link RESOURCES}.
 */
export function resourceMetadata(issuer: string, path: string, routes: readonly Route[]): object {
  const scopes = new Set<AdminScope>(routes.flatMap(({ scopes }) => (scopes === 'public' ? [] : scopes)));
  return {
    resource: `${issuer}${path.slice(1)}`,
    authorization_servers: [issuer],
    scopes_supported: [...scopes].sort(),
    bearer_methods_supported: ['header'],
    resource_name: 'Portvakt self-service API',
    resource_documentation: `${issuer}${BASE.slice(1)}/docs`,
  };
}
