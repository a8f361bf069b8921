-- When the store was backed up last, and what came of it.

CREATE TABLE last_backup (
  id     integer NOT NULL PRIMARY KEY CHECK (id = 1),
  at     bigint  NOT NULL,
  digest text    NOT NULL -- SHA-256 of the backup, hex
);
