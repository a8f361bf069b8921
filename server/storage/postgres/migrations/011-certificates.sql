-- Whether tokens with a scope are for clients alone that proved who they are with a qualified seal.

ALTER TABLE scopes ADD COLUMN requires_qualified_seal boolean NOT NULL DEFAULT false;

-- Rises with every change of the trust, so that another process sees at little cost that there was one.

CREATE TABLE trust_version (
  id      integer NOT NULL PRIMARY KEY CHECK (id = 1),
  version bigint  NOT NULL
);

INSERT INTO trust_version (id, version) VALUES (1, 0);

CREATE FUNCTION trust_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE trust_version SET version = version + 1;
  RETURN NULL;
END $$;

CREATE TRIGGER trust_changed AFTER INSERT OR UPDATE OR DELETE ON trust_entries
  FOR EACH STATEMENT EXECUTE FUNCTION trust_changed();
