import type { TokenCount, TokenCounts } from '../../core/ports.ts';
import type { Connection } from './database.ts';

/** The counters of tokens. They are raised in the order of their names, so that nodes that count at once wait in line. */
export function tokenCounts(connection: Connection): TokenCounts {
  const listOfClient = connection.statement<[clientId: string], TokenCount>(
    `${SELECT} WHERE client_id = $1 ORDER BY scope, consumer_orgno`,
  );
  const listOfScope = connection.statement<[scope: string], TokenCount>(
    `${SELECT} WHERE scope = $1 ORDER BY client_id, consumer_orgno`,
  );
  const sumOfScopes = connection.statement<[owner: string], Omit<TokenCount, 'clientId' | 'consumerOrgno'>>(`
    SELECT scope, sum(tokens)::bigint AS tokens, max(last_token) AS "lastToken"
    FROM scopes JOIN token_counts ON scope = name WHERE owner_orgno = $1 GROUP BY scope ORDER BY scope`);
  const count = connection.statement<[string[], string[], string[], number[], number[]]>(`
    INSERT INTO token_counts (client_id, scope, consumer_orgno, tokens, last_token)
    SELECT client, scope, consumer, sum(tokens), max(last)
    FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[]) AS counted (client, scope, consumer, tokens, last)
    GROUP BY client, scope, consumer ORDER BY client, scope, consumer
    ON CONFLICT (client_id, scope, consumer_orgno) DO UPDATE SET
      tokens = token_counts.tokens + excluded.tokens, last_token = GREATEST(token_counts.last_token, excluded.last_token)`);
  return {
    add: async (counts) => {
      if (counts.length === 0) return;
      await count.run(
        counts.map(({ clientId }) => clientId),
        counts.map(({ scope }) => scope),
        counts.map(({ consumerOrgno }) => consumerOrgno),
        counts.map(({ tokens }) => tokens),
        counts.map(({ lastToken }) => lastToken),
      );
    },
    listOfClient: (clientId) => listOfClient.all(clientId),
    listOfScope: (scope) => listOfScope.all(scope),
    sumOfScopes: (owner) => sumOfScopes.all(owner),
  };
}

const SELECT = `
  SELECT client_id AS "clientId", consumer_orgno AS "consumerOrgno", scope, tokens, last_token AS "lastToken" FROM token_counts`;
