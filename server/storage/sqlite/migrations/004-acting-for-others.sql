-- Who may act for whom: delegations, systems and their users, consents, and the sources that are asked elsewhere.

-- Scopes, suppliers and customers need not be registered: here may be delegated what another server issues tokens for.
CREATE TABLE delegations (
  id             TEXT    NOT NULL PRIMARY KEY,
  consumer_orgno TEXT    NOT NULL REFERENCES organizations (orgno),
  supplier_orgno TEXT    NOT NULL,
  scopes         TEXT    NOT NULL CHECK (json_valid(scopes)),
  valid_from     INTEGER,
  valid_to       INTEGER,
  revoked        INTEGER NOT NULL CHECK (revoked IN (0, 1)),
  reason         TEXT,
  created        INTEGER NOT NULL,
  last_updated   INTEGER NOT NULL
) STRICT;

CREATE INDEX delegations_by_consumer ON delegations (consumer_orgno, supplier_orgno, id);
CREATE INDEX delegations_by_supplier ON delegations (supplier_orgno, id);

-- The same once more, a row for each scope, for the one question that every delegated token asks: found by its key alone, past
-- whatever has been revoked.
CREATE TABLE delegation_scopes (
  scope          TEXT    NOT NULL,
  consumer_orgno TEXT    NOT NULL,
  supplier_orgno TEXT    NOT NULL,
  revoked        INTEGER NOT NULL,
  delegation_id  TEXT    NOT NULL REFERENCES delegations (id),
  valid_from     INTEGER,
  valid_to       INTEGER,
  PRIMARY KEY (scope, consumer_orgno, supplier_orgno, revoked, delegation_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE systems (
  system_id    TEXT    NOT NULL PRIMARY KEY,
  vendor_orgno TEXT    NOT NULL REFERENCES organizations (orgno),
  name         TEXT    NOT NULL,
  description  TEXT,
  client_ids   TEXT    NOT NULL CHECK (json_valid(client_ids)),
  active       INTEGER NOT NULL CHECK (active IN (0, 1)),
  created      INTEGER NOT NULL,
  last_updated INTEGER NOT NULL
) STRICT;

CREATE INDEX systems_by_vendor ON systems (vendor_orgno, system_id);

CREATE TABLE system_users (
  id             TEXT    NOT NULL PRIMARY KEY,
  system_id      TEXT    NOT NULL REFERENCES systems (system_id),
  customer_orgno TEXT    NOT NULL,
  external_ref   TEXT    NOT NULL,
  state          TEXT    NOT NULL CHECK (state IN ('REQUESTED', 'ACTIVE', 'REVOKED')),
  created        INTEGER NOT NULL,
  last_updated   INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX system_users_in_use ON system_users (customer_orgno, external_ref, system_id) WHERE state <> 'REVOKED';
CREATE INDEX system_users_by_system ON system_users (system_id, id);
CREATE INDEX system_users_by_customer ON system_users (customer_orgno, id);

CREATE TABLE consents (
  id        TEXT    NOT NULL PRIMARY KEY,
  giver     TEXT    NOT NULL,
  to_orgno  TEXT    NOT NULL,
  consented INTEGER NOT NULL,
  valid_to  INTEGER NOT NULL,
  revoked   INTEGER NOT NULL CHECK (revoked IN (0, 1)),
  rights    TEXT    NOT NULL CHECK (json_valid(rights))
) STRICT;

CREATE INDEX consents_by_giver ON consents (giver, id);
CREATE INDEX consents_by_recipient ON consents (to_orgno, id);

CREATE TABLE sources (
  name         TEXT    NOT NULL PRIMARY KEY,
  issuer       TEXT    NOT NULL UNIQUE,
  active       INTEGER NOT NULL CHECK (active IN (0, 1)),
  kind         TEXT    NOT NULL CHECK (kind IN ('local', 'altinn')),
  settings     TEXT    NOT NULL CHECK (json_valid(settings)),
  created      INTEGER NOT NULL,
  last_updated INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What suppliers asked for in vain. Figures only, as the counters of tokens are.
CREATE TABLE missed_delegations (
  supplier_orgno TEXT    NOT NULL,
  consumer_orgno TEXT    NOT NULL,
  scope          TEXT    NOT NULL,
  times          INTEGER NOT NULL,
  last_asked     INTEGER NOT NULL,
  PRIMARY KEY (supplier_orgno, consumer_orgno, scope)
) STRICT, WITHOUT ROWID;
