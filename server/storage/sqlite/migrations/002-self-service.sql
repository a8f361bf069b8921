-- What the self-service API adds to the registers. Each list that it shows is read by an index, in the order that it is shown.

ALTER TABLE organizations ADD COLUMN admin_scopes TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(admin_scopes));

CREATE INDEX scopes_by_owner ON scopes (owner_orgno, name);

ALTER TABLE clients ADD COLUMN blocked TEXT;

CREATE INDEX clients_by_organization ON clients (orgno);
CREATE INDEX clients_by_supplier ON clients (supplier_orgno) WHERE supplier_orgno IS NOT NULL;

-- No longer a reference: the fixed admin scopes have no row, and a client's scope may name none.
CREATE TABLE new_client_scopes (
  client_id TEXT    NOT NULL REFERENCES clients (client_id),
  position  INTEGER NOT NULL,
  scope     TEXT    NOT NULL,
  PRIMARY KEY (client_id, position),
  UNIQUE (client_id, scope)
) STRICT, WITHOUT ROWID;

INSERT INTO new_client_scopes (client_id, position, scope) SELECT client_id, position, scope FROM client_scopes;
DROP TABLE client_scopes;
ALTER TABLE new_client_scopes RENAME TO client_scopes;

ALTER TABLE accesses ADD COLUMN reason TEXT;
ALTER TABLE accesses ADD COLUMN requested_by TEXT REFERENCES clients (client_id);

CREATE INDEX accesses_by_consumer ON accesses (consumer_orgno, scope);

-- The customer need not be registered.
CREATE TABLE on_behalf_of (
  client_id    TEXT    NOT NULL REFERENCES clients (client_id),
  id           TEXT    NOT NULL,
  orgno        TEXT    NOT NULL,
  name         TEXT    NOT NULL,
  details      TEXT    NOT NULL CHECK (json_valid(details)),
  created      INTEGER NOT NULL,
  last_updated INTEGER NOT NULL,
  PRIMARY KEY (client_id, id)
) STRICT;

-- Figures only: they refer to nothing, so that nothing can refuse them.
CREATE TABLE token_counts (
  client_id  TEXT    NOT NULL,
  scope      TEXT    NOT NULL,
  tokens     INTEGER NOT NULL,
  last_token INTEGER NOT NULL,
  PRIMARY KEY (client_id, scope)
) STRICT, WITHOUT ROWID;

CREATE INDEX token_counts_by_scope ON token_counts (scope, client_id);
