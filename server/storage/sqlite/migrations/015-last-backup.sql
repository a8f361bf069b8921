-- When the store was backed up last, and what came of it.

PRAGMA user_version = 12; -- what serves may be as old as this schema

CREATE TABLE last_backup (
  id     INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
  at     INTEGER NOT NULL,
  digest TEXT    NOT NULL -- SHA-256 of the backup, hex
) STRICT;
