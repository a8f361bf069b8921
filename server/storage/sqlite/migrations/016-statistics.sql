-- Tokens and refusals by the hour, folded from the audit: what is counted and how far the folding has come change in one transaction,
-- so that a crash neither loses a record nor counts it twice.

PRAGMA user_version = 12; -- what serves may be as old as this schema

CREATE TABLE statistics (
  hour           INTEGER NOT NULL, -- its first second
  scope          TEXT    NOT NULL, -- '': the token or refusal itself, once, however many scopes it names
  consumer_orgno TEXT    NOT NULL, -- '' where nobody has proven who asked
  supplier_orgno TEXT    NOT NULL, -- '' where nobody acts for the consumer
  client_id      TEXT    NOT NULL,
  code           TEXT    NOT NULL, -- of a refusal; '': a token
  count          INTEGER NOT NULL,
  PRIMARY KEY (hour, scope, consumer_orgno, supplier_orgno, client_id, code)
) STRICT, WITHOUT ROWID;

CREATE TABLE statistics_position (
  id       INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
  sequence INTEGER NOT NULL, -- of the last record that was folded
  at       INTEGER NOT NULL
) STRICT;

INSERT INTO statistics_position (id, sequence, at) VALUES (1, 0, 0);

-- Hours whose records had been taken out of the audit before they were folded.
CREATE TABLE statistics_gaps (
  first  INTEGER NOT NULL PRIMARY KEY,
  last   INTEGER NOT NULL,
  reason TEXT    NOT NULL
) STRICT;
