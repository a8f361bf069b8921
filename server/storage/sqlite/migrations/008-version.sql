-- Raised by every change of what is registered, so that whoever keeps a copy knows when it is old.

CREATE TABLE register_version (
  id      INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
  version INTEGER NOT NULL
) STRICT;

INSERT INTO register_version (id, version) VALUES (1, 1);
