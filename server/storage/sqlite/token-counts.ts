import type { TokenCount, TokenCounts } from '../../core/ports.ts';
import type { WriteQueue } from '../write-queue.ts';
import type { Connection } from './database.ts';

/** The counters of tokens. */
export function tokenCounts(reader: Connection, writer: Connection, writes: WriteQueue): TokenCounts {
  const listOfClient = reader.statement<[clientId: string], TokenCount>(
    `${SELECT} WHERE client_id = ? ORDER BY scope, consumer_orgno`,
  );
  const listOfScope = reader.statement<[scope: string], TokenCount>(
    `${SELECT} WHERE scope = ? ORDER BY client_id, consumer_orgno`,
  );
  const sumOfScopes = reader.statement<[owner: string], Omit<TokenCount, 'clientId' | 'consumerOrgno'>>(`
    SELECT scope, sum(tokens) AS tokens, max(last_token) AS lastToken
    FROM scopes JOIN token_counts ON scope = name WHERE owner_orgno = ? GROUP BY scope ORDER BY scope`);
  const count = writer.statement<[TokenCount]>(`
    INSERT INTO token_counts (client_id, consumer_orgno, scope, tokens, last_token)
    VALUES (@clientId, @consumerOrgno, @scope, @tokens, @lastToken)
    ON CONFLICT (client_id, scope, consumer_orgno) DO UPDATE SET
      tokens = tokens + excluded.tokens, last_token = max(last_token, excluded.last_token)`);
  const add = writer.change((counts: readonly TokenCount[]) => {
    for (const each of counts) count.run(each);
  });
  return {
    add: (counts) => writes.run(() => add(counts)),
    listOfClient: async (clientId) => listOfClient.all(clientId),
    listOfScope: async (scope) => listOfScope.all(scope),
    sumOfScopes: async (owner) => sumOfScopes.all(owner),
  };
}

const SELECT = `
  SELECT client_id AS clientId, consumer_orgno AS consumerOrgno, scope, tokens, last_token AS lastToken FROM token_counts`;
