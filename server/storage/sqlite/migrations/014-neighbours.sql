-- Which programs may go on using the store after a migration: those that know the schema up to this number. NULL: none that is older
-- than the migration itself. And when it was backed up last.

ALTER TABLE migrations ADD COLUMN readable_by INTEGER;

CREATE TABLE last_backup (
  id     INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
  at     INTEGER NOT NULL,
  digest TEXT    NOT NULL -- SHA-256 of the backup, hex
) STRICT;
