import { ADMIN_SCOPES, type AdminScope, isAdminScope } from '../server/core/admin-scopes.ts';
import { signAssertion } from './assertion.ts';
import type { NamedContext } from './context.ts';
import { type Login, loginOf } from './context-login.ts';
import { Failure, toFailure } from './failure.ts';
import { discover } from './issuer.ts';
import type { Terminal } from './terminal.ts';
import { cacheKey, dropToken, type HeldToken, heldToken, holdToken } from './token-cache.ts';
import { requestToken } from './token-endpoint.ts';

/** Tokens with admin scopes for the client of a context: ordinary ones, fetched as any client would and used until they end. */
export class AdminTokens {
  readonly context: NamedContext;
  readonly #terminal: Terminal;
  #login: Promise<Login> | undefined;

  constructor(context: NamedContext, terminal: Terminal) {
    this.context = context;
    this.#terminal = terminal;
  }

  /** As whom the context speaks. @throws {Failure} as {@link loginOf} */
  login(): Promise<Login> {
    this.#login ??= loginOf(this.context, this.#terminal);
    return this.#login;
  }

  /**
   * A token with the first of the accepted scopes that the client has; those that the context is known to have are tried first.
   * @throws {Failure} `forbidden` when it has none of them, `unauthenticated` when the token endpoint does not let it in
   */
  async get(accepted: readonly AdminScope[]): Promise<HeldToken> {
    const known = (scope: AdminScope) => this.context.scopes?.includes(scope) ?? false;
    for (const scope of [...accepted.filter(known), ...accepted.filter((scope) => !known(scope))]) {
      const token = await this.#find(scope);
      if (token) return token;
    }
    throw this.#lacks(accepted);
  }

  /** Whether the client has any of the scopes. */
  async has(accepted: readonly AdminScope[]): Promise<boolean> {
    for (const scope of accepted) if (await this.#find(scope)) return true;
    return false;
  }

  /** Forgets what is held for these scopes, so that the next one is a fresh one. @returns whether there was any */
  async drop(accepted: readonly AdminScope[]): Promise<boolean> {
    const dropped = await Promise.all(accepted.map(async (scope) => dropToken(await this.#key(scope))));
    return dropped.includes(true);
  }

  /** A fresh token with all of the scopes. @throws {Failure} as the token endpoint refuses */
  async request(scopes: readonly AdminScope[]): Promise<HeldToken> {
    const { issuer: wanted, clientId, credential, clock } = await this.login();
    const { issuer, token_endpoint } = await discover(wanted, this.#terminal);
    const asked = { issuer, clientId, scope: scopes.join(' '), lifetime: 60 };
    const assertion = await signAssertion(asked, await credential(), clock());
    const { expires_in, ...token } = await requestToken(token_endpoint, assertion, this.#terminal);
    return { ...token, expires: clock() + expires_in };
  }

  /** @returns undefined when the client does not have the scope. */
  async #find(scope: AdminScope): Promise<HeldToken | undefined> {
    const key = await this.#key(scope);
    const { clock } = await this.login();
    const held = await heldToken(key, clock());
    if (held) return held;
    try {
      const token = await this.request([scope]);
      await this.#keep(key, token);
      return token;
    } catch (error) {
      if (missingScopes(error)) return undefined;
      throw notLetIn(error);
    }
  }

  /** Not by the key itself: opening it may ask for a password. A dev server's tokens die with its world. */
  async #key(scope: AdminScope): Promise<string> {
    const { issuer, clientId, world } = await this.login();
    const { auth } = this.context;
    return cacheKey({ admin: scope, issuer, clientId, auth, world: world?.data_dir });
  }

  /** A machine where nothing can be kept still gets its token. */
  async #keep(key: string, token: HeldToken): Promise<void> {
    try {
      await holdToken(key, token);
    } catch (error) {
      this.#terminal.warn(`the token is not kept for later calls: ${toFailure(error).message}`);
    }
  }

  #lacks(accepted: readonly AdminScope[]): Failure {
    const { name, org = 'the organisation' } = this.context;
    return new Failure('forbidden', `the client of context ${name} has no scope for this`, {
      reason: `It takes ${accepted.join(' or ')}.`,
      fix: `the operator lets ${org} have it, and the client is registered for it: portvakt client update CLIENT --add-scope ${accepted[0]}`,
    });
  }
}

/** Admin scopes that a client has, and a token with all of them, unless there are none. */
export type FoundScopes = { readonly scopes: readonly AdminScope[]; readonly token?: HeldToken };

/**
 * The admin scopes that the client had when it logged in, where it still has them; else as {@link findAdminScopes}.
 * @throws {Failure} `unauthenticated` when the token endpoint does not let it in
 */
export async function knownAdminScopes(tokens: AdminTokens): Promise<FoundScopes> {
  const scopes = (tokens.context.scopes ?? []).filter(isAdminScope);
  if (scopes.length === 0) return findAdminScopes(tokens);
  try {
    return { scopes, token: await tokens.request(scopes) };
  } catch (error) {
    if (missingScopes(error)) return findAdminScopes(tokens);
    throw notLetIn(error);
  }
}

/**
 * Finds out which admin scopes the client has: it asks for all, and then for those that were not refused.
 * @throws {Failure} `unauthenticated` when the token endpoint does not let it in
 */
export async function findAdminScopes(tokens: AdminTokens): Promise<FoundScopes> {
  let scopes: readonly AdminScope[] = ADMIN_SCOPES;
  while (scopes.length > 0) {
    try {
      return { scopes, token: await tokens.request(scopes) };
    } catch (error) {
      const missing = missingScopes(error) ?? [];
      if (missing.length === 0) throw notLetIn(error);
      scopes = scopes.filter((scope) => !missing.includes(scope));
    }
  }
  return { scopes };
}

/**
 * The admin scopes that a refused request should not have asked for, as the token endpoint names them: not on the client (MP-200),
 * or no longer its organisation's (MP-250).
 * @returns undefined when it was refused for another reason.
 */
function missingScopes(error: unknown): readonly AdminScope[] | undefined {
  if (!(error instanceof Failure) || !['MP-200', 'MP-250'].includes(error.facts.code ?? '')) return undefined;
  return error.message.split(/[\s,]+/).filter(isAdminScope);
}

/** To a command the refusal of its own log-in is no answer to what was asked. */
function notLetIn(error: unknown): unknown {
  if (!(error instanceof Failure) || error.exit !== 'refused') return error;
  return new Failure('unauthenticated', error.message, { ...error.facts, explained: false });
}
