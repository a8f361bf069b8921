import { isPrefix, isSubscope } from '../server/core/scope.ts';
import { type Answer, type ApiClient, withQuery } from './api-client.ts';
import { readWhole } from './api-list.ts';
import { PUBLIC, READ_SCOPES } from './api-scopes.ts';
import { type Scope, scope as scopeShape } from './api-shapes.ts';
import { Failure } from './failure.ts';
import { nearest } from './nearest.ts';

/** A scope's name in its two parts. */
export type ScopeName = { readonly prefix: string; readonly subscope: string };

/** Takes `prefix:subscope` apart, at the first colon. Contract §5.5.2 @throws {Failure} `invalid` */
export function readScopeName(text: string): ScopeName {
  const colon = text.indexOf(':');
  const prefix = text.slice(0, Math.max(colon, 0));
  const subscope = text.slice(colon + 1);
  if (isPrefix(prefix) && isSubscope(subscope)) return { prefix, subscope };
  throw new Failure('invalid', `"${text}" cannot be the name of a scope; nothing was sent`, {
    fix: 'it is a prefix of yours, a colon, and a name: prove:bygg.read',
  });
}

/** A scope of the own organisation. @throws {Failure} `not-found`, with the nearest name there is */
export async function ownScope(api: ApiClient, name: string): Promise<Answer<Scope>> {
  try {
    return await api.get(withQuery('/scopes/scope', { scope: name }), scopeShape, READ_SCOPES);
  } catch (error) {
    throw await suggesting(error, name, async () => (await ownScopes(api, true)).map((scope) => scope.name));
  }
}

/** The scopes of the own organisation. */
export function ownScopes(api: ApiClient, inactive: boolean): Promise<readonly Scope[]> {
  return readWhole(api, withQuery('/scopes', { inactive }), { shape: scopeShape, scopes: READ_SCOPES });
}

/** The scopes that everybody may see. */
export function publicScopes(
  api: ApiClient,
  query: Readonly<Record<string, string | boolean | undefined>> = {},
): Promise<readonly Scope[]> {
  return readWhole(api, withQuery('/scopes/all', query), { shape: scopeShape, scopes: PUBLIC });
}

/**
 * What was thrown, and where it was for want of an object, with the name that was probably meant. user-experience §2.10
 * @param names asked for only then.
 */
export async function suggesting(error: unknown, name: string, names: () => Promise<readonly string[]>): Promise<unknown> {
  if (!(error instanceof Failure) || error.exit !== 'not-found') return error;
  const near = nearest(name, await names());
  if (near === undefined) return error;
  return new Failure('not-found', `there is no "${name}" here`, { ...error.facts, fix: `did you mean ${near}?` });
}
