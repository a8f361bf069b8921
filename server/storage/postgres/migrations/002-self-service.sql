-- What the self-service API adds to the registers. Each list that it shows is read by an index, in the order that it is shown.

ALTER TABLE organizations ADD COLUMN admin_scopes text NOT NULL DEFAULT '[]' CHECK (admin_scopes::json IS NOT NULL);

CREATE INDEX scopes_by_owner ON scopes (owner_orgno, name);

ALTER TABLE clients ADD COLUMN blocked text;

CREATE INDEX clients_by_organization ON clients (orgno);
CREATE INDEX clients_by_supplier ON clients (supplier_orgno) WHERE supplier_orgno IS NOT NULL;

-- No longer a reference: the fixed admin scopes have no row, and a client's scope may name none.
ALTER TABLE client_scopes DROP CONSTRAINT client_scopes_scope_fkey;

ALTER TABLE accesses ADD COLUMN reason text;
ALTER TABLE accesses ADD COLUMN requested_by text COLLATE "C" REFERENCES clients (client_id);

CREATE INDEX accesses_by_consumer ON accesses (consumer_orgno, scope);

-- The customer need not be registered.
CREATE TABLE on_behalf_of (
  client_id    text COLLATE "C" NOT NULL REFERENCES clients (client_id),
  id           text COLLATE "C" NOT NULL,
  orgno        text   NOT NULL,
  name         text   NOT NULL,
  details      text   NOT NULL CHECK (details::json IS NOT NULL),
  created      bigint NOT NULL,
  last_updated bigint NOT NULL,
  PRIMARY KEY (client_id, id)
);
