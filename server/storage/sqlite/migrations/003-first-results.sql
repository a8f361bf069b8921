-- What POSTs with an idempotency key were answered, the server's own random values, and the way to requests for access.

CREATE TABLE first_results (
  client_id TEXT    NOT NULL,
  key       TEXT    NOT NULL,
  request   TEXT    NOT NULL,
  answer    TEXT    NOT NULL CHECK (json_valid(answer)),
  created   INTEGER NOT NULL,
  PRIMARY KEY (client_id, key)
) STRICT;

CREATE INDEX first_results_by_created ON first_results (created);

CREATE TABLE secrets (
  name  TEXT NOT NULL PRIMARY KEY,
  value BLOB NOT NULL CHECK (length(value) = 32)
) STRICT, WITHOUT ROWID;

CREATE INDEX accesses_requested ON accesses (scope, consumer_orgno) WHERE requested_by IS NOT NULL;
