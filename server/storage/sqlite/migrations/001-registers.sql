-- The registers, the spent assertions and the audit. Times are epoch seconds, truth is 0 or 1, lists and objects are JSON.
-- WITHOUT ROWID where the rows are small: measured, rows with JSON in them are not found quicker by it.

PRAGMA application_id = 0x50766b74; -- 'Pvkt'

CREATE TABLE migrations (
  number   INTEGER NOT NULL PRIMARY KEY,
  name     TEXT    NOT NULL,
  checksum TEXT    NOT NULL, -- SHA-256 of the migration's text, hex
  applied  INTEGER NOT NULL
) STRICT;

CREATE TABLE organizations (
  orgno        TEXT    NOT NULL PRIMARY KEY,
  name         TEXT    NOT NULL,
  active       INTEGER NOT NULL CHECK (active IN (0, 1)),
  created      INTEGER NOT NULL,
  last_updated INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE prefixes (
  prefix       TEXT    NOT NULL PRIMARY KEY,
  owner_orgno  TEXT    NOT NULL REFERENCES organizations (orgno),
  active       INTEGER NOT NULL CHECK (active IN (0, 1)),
  created      INTEGER NOT NULL,
  last_updated INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- No reference to prefixes: the scopes of the server itself stand under prefixes that are nobody's.
CREATE TABLE scopes (
  name                      TEXT    NOT NULL PRIMARY KEY,
  prefix                    TEXT    NOT NULL,
  subscope                  TEXT    NOT NULL,
  owner_orgno               TEXT    NOT NULL REFERENCES organizations (orgno),
  active                    INTEGER NOT NULL CHECK (active IN (0, 1)),
  accessible_for_all        INTEGER NOT NULL CHECK (accessible_for_all IN (0, 1)),
  allowed_integration_types TEXT    NOT NULL CHECK (json_valid(allowed_integration_types)),
  at_max_age                INTEGER NOT NULL,
  delegation_source         TEXT,
  enforced_audience         TEXT,
  details                   TEXT    NOT NULL CHECK (json_valid(details)),
  created                   INTEGER NOT NULL,
  last_updated              INTEGER NOT NULL,
  CHECK (name = prefix || ':' || subscope)
) STRICT;

-- An owner may let in an organisation that has not been registered yet, so the consumer is no reference.
CREATE TABLE accesses (
  scope          TEXT    NOT NULL REFERENCES scopes (name),
  consumer_orgno TEXT    NOT NULL,
  state          TEXT    NOT NULL CHECK (state IN ('REQUESTED', 'APPROVED', 'DENIED')),
  created        INTEGER NOT NULL,
  last_updated   INTEGER NOT NULL,
  PRIMARY KEY (scope, consumer_orgno)
) STRICT, WITHOUT ROWID;

CREATE TABLE clients (
  client_id             TEXT    NOT NULL PRIMARY KEY,
  name                  TEXT    NOT NULL,
  orgno                 TEXT    NOT NULL REFERENCES organizations (orgno),
  supplier_orgno        TEXT    REFERENCES organizations (orgno),
  active                INTEGER NOT NULL CHECK (active IN (0, 1)),
  integration_type      TEXT    NOT NULL,
  access_token_lifetime INTEGER NOT NULL,
  details               TEXT    NOT NULL CHECK (json_valid(details)),
  created               INTEGER NOT NULL,
  last_updated          INTEGER NOT NULL
) STRICT;

CREATE TABLE client_scopes (
  client_id TEXT    NOT NULL REFERENCES clients (client_id),
  position  INTEGER NOT NULL,
  scope     TEXT    NOT NULL REFERENCES scopes (name),
  PRIMARY KEY (client_id, position),
  UNIQUE (client_id, scope)
) STRICT, WITHOUT ROWID;

CREATE TABLE client_keys (
  client_id    TEXT    NOT NULL REFERENCES clients (client_id),
  position     INTEGER NOT NULL,
  kid          TEXT    NOT NULL,
  jwk          TEXT    NOT NULL CHECK (json_valid(jwk)),
  thumbprint   TEXT    NOT NULL,
  alg          TEXT,
  expires      INTEGER NOT NULL,
  x5c          TEXT    CHECK (json_valid(x5c)),
  created      INTEGER NOT NULL,
  last_updated INTEGER NOT NULL,
  PRIMARY KEY (client_id, position),
  UNIQUE (client_id, kid)
) STRICT;

CREATE TABLE trust_entries (
  id          TEXT    NOT NULL PRIMARY KEY,
  certificate TEXT    NOT NULL,
  role        TEXT    NOT NULL CHECK (role IN ('anchor', 'intermediate')),
  environment TEXT    NOT NULL CHECK (environment IN ('test', 'production')),
  profile     TEXT    NOT NULL,
  created     INTEGER NOT NULL
) STRICT;

CREATE TABLE signing_keys (
  kid     TEXT    NOT NULL PRIMARY KEY,
  alg     TEXT    NOT NULL,
  jwk     TEXT    NOT NULL CHECK (json_valid(jwk)),
  created INTEGER NOT NULL
) STRICT;

-- The digest alone is unique: with a time in the key, one assertion could be spent twice.
CREATE TABLE spent_assertions (
  digest  BLOB    NOT NULL PRIMARY KEY CHECK (length(digest) = 16),
  expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX spent_assertions_by_expires ON spent_assertions (expires);

CREATE TABLE audit (
  sequence       INTEGER NOT NULL PRIMARY KEY,
  type           TEXT    NOT NULL,
  at             INTEGER NOT NULL,
  correlation_id TEXT    NOT NULL,
  client_id      TEXT,
  orgno          TEXT,
  details        TEXT    NOT NULL CHECK (json_valid(details))
) STRICT;

CREATE TRIGGER audit_forbids_update BEFORE UPDATE ON audit BEGIN SELECT raise(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_forbids_delete BEFORE DELETE ON audit BEGIN SELECT raise(ABORT, 'the audit is append-only'); END;

-- Changed and committed to learn whether the store can be written.
CREATE TABLE probe (
  id    INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
  count INTEGER NOT NULL
) STRICT;

INSERT INTO probe (id, count) VALUES (1, 0);
