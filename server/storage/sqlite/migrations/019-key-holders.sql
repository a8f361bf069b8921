-- Which signing keys each process that serves could sign with: none signs before all of them can.

PRAGMA user_version = 12; -- what serves may be as old as this schema

CREATE TABLE key_holders (
  process TEXT    NOT NULL PRIMARY KEY,
  node    TEXT    NOT NULL,
  at      INTEGER NOT NULL, -- when it said so
  kids    TEXT    NOT NULL CHECK (json_valid(kids))
) STRICT, WITHOUT ROWID;
