-- What POSTs with an idempotency key were answered, the server's own random values, and the way to requests for access.

CREATE TABLE first_results (
  client_id text COLLATE "C" NOT NULL,
  key       text COLLATE "C" NOT NULL,
  request   text   NOT NULL,
  answer    text   NOT NULL CHECK (answer::json IS NOT NULL),
  created   bigint NOT NULL,
  PRIMARY KEY (client_id, key)
);

CREATE INDEX first_results_by_created ON first_results (created);

CREATE TABLE secrets (
  name  text COLLATE "C" NOT NULL PRIMARY KEY,
  value bytea NOT NULL CHECK (length(value) = 32)
);

CREATE INDEX accesses_requested ON accesses (scope, consumer_orgno) WHERE requested_by IS NOT NULL;
