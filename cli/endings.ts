import { z } from 'zod';
import type { AdminScope } from '../server/core/admin-scopes.ts';
import { knownAdminScopes } from './admin-token.ts';
import { type ApiClient, withQuery } from './api-client.ts';
import { readAll } from './api-list.ts';
import { OPERATE, READ_CLIENTS, READ_DELEGATIONS } from './api-scopes.ts';
import { seconds } from './moment.ts';

/** What ends by itself, as the API shows it. own-api */
export const expiring = z.looseObject({
  kind: z.string(),
  id: z.string(),
  name: z.string(),
  ends: z.string(),
  within_days: z.number().exactOptional(),
  client_id: z.string().exactOptional(),
  orgno: z.string().exactOptional(),
  supplier_orgno: z.string().exactOptional(),
  serial: z.string().exactOptional(),
  last_seen: z.string().exactOptional(),
});
export type Expiring = z.infer<typeof expiring>;

/**
 * What ends within so many days, the first to end first: with a token for each thing that there is to see, because a token takes one scope;
 * the operator's shows everything.
 */
export async function readEndings(api: ApiClient, days: number): Promise<readonly Expiring[]> {
  const address = withQuery('/expiring', { within: `${days}d` });
  const { scopes } = await knownAdminScopes(api.tokens);
  const held = (needs: readonly AdminScope[]) => needs.some((scope) => scopes.includes(scope));
  const open = held(OPERATE) ? [OPERATE] : [READ_CLIENTS, READ_DELEGATIONS].filter(held);
  const each = open.length > 0 ? open : [[...READ_CLIENTS, ...READ_DELEGATIONS, ...OPERATE]];
  const lists = await Promise.all(each.map((scopes) => readAll(api, address, { shape: expiring, scopes })));
  return lists.flat().toSorted((a, b) => seconds(a.ends) - seconds(b.ends));
}
