-- Raised by every change of what is registered, so that whoever keeps a copy knows when it is old. Whoever changes anything holds this
-- row from the beginning to the commit: changes run one after the other, on all nodes.

CREATE TABLE register_version (
  id      integer NOT NULL PRIMARY KEY CHECK (id = 1),
  version bigint  NOT NULL
);

INSERT INTO register_version (id, version) VALUES (1, 1);
