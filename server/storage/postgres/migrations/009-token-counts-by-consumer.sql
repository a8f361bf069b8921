-- Tokens are counted by the consumer they are for, too. Figures only: they refer to nothing, so that nothing can refuse them.

CREATE TABLE token_counts (
  client_id      text COLLATE "C" NOT NULL,
  scope          text COLLATE "C" NOT NULL,
  consumer_orgno text COLLATE "C" NOT NULL,
  tokens         bigint NOT NULL,
  last_token     bigint NOT NULL,
  PRIMARY KEY (client_id, scope, consumer_orgno)
);

CREATE INDEX token_counts_by_scope ON token_counts (scope, client_id);
