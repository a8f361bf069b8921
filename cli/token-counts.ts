import type { AdminScope } from '../server/core/admin-scopes.ts';
import type { EpochSeconds } from '../server/core/time.ts';
import { type ApiClient, withQuery } from './api-client.ts';
import { readAll } from './api-list.ts';
import { READ_CLIENTS, READ_SCOPES } from './api-scopes.ts';
import { type TokenCount, tokenCount } from './api-shapes.ts';
import { Failure } from './failure.ts';
import { relative, seconds } from './moment.ts';

/** How many tokens the own clients have got; of one client, where it is named. own-api */
export function countsOfClients(api: ApiClient, clientId?: string): Promise<readonly TokenCount[] | undefined> {
  return countsOf(api, withQuery('/token-counts', { client_id: clientId }), READ_CLIENTS);
}

/** How many tokens there were with a scope of the own organisation, by consumer. own-api */
export function countsOfScope(api: ApiClient, scope: string): Promise<readonly TokenCount[] | undefined> {
  return countsOf(api, withQuery('/token-counts', { scope }), READ_SCOPES);
}

/** How many tokens there were with each scope of the own organisation. own-api */
export function countsOfScopes(api: ApiClient): Promise<readonly TokenCount[] | undefined> {
  return countsOf(api, withQuery('/token-counts', { of: 'scopes' }), READ_SCOPES);
}

/** What is known of the tokens of something that is shown. */
export type Figures = {
  /** Null where the figures are not to be had. */
  readonly tokens: number | null;
  /** RFC 3339; null when there was none. */
  readonly last_token: string | null;
};

/** The figures of those counts that are meant, summed up. */
export function figures(counts: readonly TokenCount[] | undefined, isMeant: (count: TokenCount) => boolean): Figures {
  if (!counts) return { tokens: null, last_token: null };
  const meant = counts.filter(isMeant);
  const tokens = meant.reduce((sum, count) => sum + count.tokens, 0);
  return {
    tokens,
    last_token:
      meant
        .map((count) => count.last_token)
        .sort()
        .at(-1) ?? null,
  };
}

/** When the last token was, as a person reads it. */
export function lastToken({ tokens, last_token }: Figures, clock: { readonly now: EpochSeconds; readonly utc: boolean }): string {
  if (tokens === null) return '';
  return last_token === null ? 'never' : relative(seconds(last_token), clock);
}

/** Figures are an extra: a server that has none, or does not show them, does not fail the command. */
async function countsOf(
  api: ApiClient,
  address: string,
  scopes: readonly AdminScope[],
): Promise<readonly TokenCount[] | undefined> {
  try {
    return await readAll(api, address, { shape: tokenCount, scopes });
  } catch (error) {
    if (error instanceof Failure && ['not-found', 'forbidden'].includes(error.exit)) return undefined;
    throw error;
  }
}
