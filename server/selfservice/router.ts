import { isAdminScope } from '../core/admin-scopes.ts';
import type { Route } from './route.ts';

/** Under which all of the API is served; the contract's resources stand at the root as well. Decisions 8 */
export const BASE = '/api/v1';

/** An address that the API knows: what its path holds, and what each method does. Under the base a path may be known to nobody. */
export type Match = { readonly params: Readonly<Record<string, string>>; readonly methods: ReadonlyMap<string, Route> };

/**
 * Finds the routes of a path, a trailing slash or none. Everything under the base is the API's, known or not.
 * @throws {Error} for a route that does not say who may use it, and for one that stands twice. `PV-SEC-082`
 */
export function router(routes: readonly Route[]): (path: string) => Match | undefined {
  assertTable(routes);
  const everywhere = compile(routes);
  const root = compile(routes.filter(({ manners }) => manners === 'contract'));
  return (path) => {
    const below = path === BASE || path.startsWith(`${BASE}/`);
    const match = below ? lookUp(everywhere, path.slice(BASE.length)) : lookUp(root, path);
    return match ?? (below ? { params: {}, methods: new Map() } : undefined);
  };
}

/** `public` is said as such; no scopes at all would be a mistake that opens or shuts an address in silence. */
function assertTable(routes: readonly Route[]): void {
  const seen = new Set<string>();
  for (const { method, path, scopes } of routes) {
    const name = `${method} ${path}`;
    const guarded = Array.isArray(scopes) && scopes.length > 0 && scopes.every(isAdminScope);
    if (scopes !== 'public' && !guarded) throw new Error(`the route ${name} does not say who may use it`);
    if (seen.has(name)) throw new Error(`the route ${name} stands twice`);
    seen.add(name);
  }
}

type Pattern = { readonly segments: readonly string[]; readonly methods: ReadonlyMap<string, Route> };

/** Fixed segments before parameters, so that `/scopes/access/all` is not the access of an organisation called all. */
function compile(routes: readonly Route[]): readonly Pattern[] {
  const paths = [...new Set(routes.map(({ path }) => path))];
  const patterns = paths.map((path) => ({
    segments: segmentsOf(path),
    methods: new Map(routes.filter((route) => route.path === path).map((route) => [route.method, route])),
  }));
  return patterns.sort((a, b) => parameters(a) - parameters(b));
}

/** None for the base itself; a slash at the end changes nothing. */
function segmentsOf(path: string): readonly string[] {
  return path.replace(/\/$/, '').split('/').slice(1);
}

function parameters({ segments }: Pattern): number {
  return segments.filter(isParameter).length;
}

function isParameter(segment: string): boolean {
  return segment.startsWith('{');
}

function lookUp(patterns: readonly Pattern[], path: string): Match | undefined {
  const segments = segmentsOf(path);
  const pattern = patterns.find((candidate) => fits(candidate, segments));
  if (!pattern) return undefined;
  const named = pattern.segments.flatMap((segment, place) =>
    isParameter(segment) ? [[segment.slice(1, -1), segments[place] ?? '']] : [],
  );
  return { params: Object.fromEntries(named), methods: pattern.methods };
}

function fits(pattern: Pattern, segments: readonly string[]): boolean {
  return (
    pattern.segments.length === segments.length &&
    pattern.segments.every((segment, place) => (isParameter(segment) ? segments[place] !== '' : segment === segments[place]))
  );
}
