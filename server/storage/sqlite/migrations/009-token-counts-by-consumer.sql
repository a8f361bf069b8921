-- Tokens are counted by the consumer they are for, too. What was counted before is the client's own organisation's: whom a supplier
-- acted for was not counted.

DROP INDEX token_counts_by_scope;
ALTER TABLE token_counts RENAME TO token_counts_by_client;

CREATE TABLE token_counts (
  client_id      TEXT    NOT NULL,
  scope          TEXT    NOT NULL,
  consumer_orgno TEXT    NOT NULL,
  tokens         INTEGER NOT NULL,
  last_token     INTEGER NOT NULL,
  PRIMARY KEY (client_id, scope, consumer_orgno)
) STRICT, WITHOUT ROWID;

INSERT INTO token_counts
SELECT client_id, scope, orgno, tokens, token_counts_by_client.last_token
FROM token_counts_by_client JOIN clients USING (client_id);

DROP TABLE token_counts_by_client;

CREATE INDEX token_counts_by_scope ON token_counts (scope, client_id);
