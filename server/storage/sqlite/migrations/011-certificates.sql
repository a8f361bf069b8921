-- Whether tokens with a scope are for clients alone that proved who they are with a qualified seal.

ALTER TABLE scopes ADD COLUMN requires_qualified_seal INTEGER NOT NULL DEFAULT 0 CHECK (requires_qualified_seal IN (0, 1));

-- Rises with every change of the trust, so that another process sees at little cost that there was one.

CREATE TABLE trust_version (
  only    INTEGER NOT NULL PRIMARY KEY CHECK (only = 1),
  version INTEGER NOT NULL
) STRICT;

INSERT INTO trust_version (only, version) VALUES (1, 0);

CREATE TRIGGER trust_added AFTER INSERT ON trust_entries BEGIN
  UPDATE trust_version SET version = version + 1;
END;

CREATE TRIGGER trust_changed AFTER UPDATE ON trust_entries BEGIN
  UPDATE trust_version SET version = version + 1;
END;

CREATE TRIGGER trust_removed AFTER DELETE ON trust_entries BEGIN
  UPDATE trust_version SET version = version + 1;
END;
