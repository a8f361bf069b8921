-- The registers, the spent assertions and the audit. Times are epoch seconds; lists and objects are JSON, kept as the text that was
-- written. Names that are compared or sorted are so byte by byte, whatever the database's own collation is.

CREATE TABLE migrations (
  number   integer NOT NULL PRIMARY KEY,
  name     text    NOT NULL,
  checksum text    NOT NULL, -- SHA-256 of the migration's text, hex
  applied  bigint  NOT NULL
);

CREATE TABLE organizations (
  orgno        text COLLATE "C" NOT NULL PRIMARY KEY,
  name         text    NOT NULL,
  active       boolean NOT NULL,
  created      bigint  NOT NULL,
  last_updated bigint  NOT NULL
);

CREATE TABLE prefixes (
  prefix       text COLLATE "C" NOT NULL PRIMARY KEY,
  owner_orgno  text COLLATE "C" NOT NULL REFERENCES organizations (orgno),
  active       boolean NOT NULL,
  created      bigint  NOT NULL,
  last_updated bigint  NOT NULL
);

-- No reference to prefixes: the scopes of the server itself stand under prefixes that are nobody's.
CREATE TABLE scopes (
  name                      text COLLATE "C" NOT NULL PRIMARY KEY,
  prefix                    text COLLATE "C" NOT NULL,
  subscope                  text COLLATE "C" NOT NULL,
  owner_orgno               text COLLATE "C" NOT NULL REFERENCES organizations (orgno),
  active                    boolean NOT NULL,
  accessible_for_all        boolean NOT NULL,
  allowed_integration_types text    NOT NULL CHECK (allowed_integration_types::json IS NOT NULL),
  at_max_age                bigint  NOT NULL,
  delegation_source         text,
  enforced_audience         text,
  details                   text    NOT NULL CHECK (details::json IS NOT NULL),
  created                   bigint  NOT NULL,
  last_updated              bigint  NOT NULL,
  CHECK (name = prefix || ':' || subscope)
);

-- An owner may let in an organisation that has not been registered yet, so the consumer is no reference.
CREATE TABLE accesses (
  scope          text COLLATE "C" NOT NULL REFERENCES scopes (name),
  consumer_orgno text COLLATE "C" NOT NULL,
  state          text   NOT NULL CHECK (state IN ('REQUESTED', 'APPROVED', 'DENIED')),
  created        bigint NOT NULL,
  last_updated   bigint NOT NULL,
  PRIMARY KEY (scope, consumer_orgno)
);

CREATE TABLE clients (
  client_id             text COLLATE "C" NOT NULL PRIMARY KEY,
  name                  text    NOT NULL,
  orgno                 text COLLATE "C" NOT NULL REFERENCES organizations (orgno),
  supplier_orgno        text COLLATE "C" REFERENCES organizations (orgno),
  active                boolean NOT NULL,
  integration_type      text    NOT NULL,
  access_token_lifetime bigint  NOT NULL,
  details               text    NOT NULL CHECK (details::json IS NOT NULL),
  created               bigint  NOT NULL,
  last_updated          bigint  NOT NULL
);

CREATE TABLE client_scopes (
  client_id text COLLATE "C" NOT NULL REFERENCES clients (client_id),
  position  integer NOT NULL,
  scope     text COLLATE "C" NOT NULL REFERENCES scopes (name),
  PRIMARY KEY (client_id, position),
  UNIQUE (client_id, scope)
);

CREATE TABLE client_keys (
  client_id    text COLLATE "C" NOT NULL REFERENCES clients (client_id),
  position     integer NOT NULL,
  kid          text COLLATE "C" NOT NULL,
  jwk          text    NOT NULL CHECK (jwk::json IS NOT NULL),
  thumbprint   text    NOT NULL,
  alg          text,
  expires      bigint  NOT NULL,
  x5c          text    CHECK (x5c IS NULL OR x5c::json IS NOT NULL),
  created      bigint  NOT NULL,
  last_updated bigint  NOT NULL,
  PRIMARY KEY (client_id, position),
  UNIQUE (client_id, kid)
);

CREATE TABLE trust_entries (
  id          text COLLATE "C" NOT NULL PRIMARY KEY,
  certificate text   NOT NULL,
  role        text   NOT NULL CHECK (role IN ('anchor', 'intermediate')),
  environment text   NOT NULL CHECK (environment IN ('test', 'production')),
  profile     text   NOT NULL,
  created     bigint NOT NULL
);

CREATE TABLE signing_keys (
  kid     text COLLATE "C" NOT NULL PRIMARY KEY,
  alg     text   NOT NULL,
  jwk     text   NOT NULL CHECK (jwk::json IS NOT NULL),
  created bigint NOT NULL
);

-- The digest alone is unique: with a time in the key, one assertion could be spent twice.
CREATE TABLE spent_assertions (
  digest  bytea  NOT NULL PRIMARY KEY CHECK (length(digest) = 16),
  expires bigint NOT NULL
);

CREATE INDEX spent_assertions_by_expires ON spent_assertions (expires);

-- Changed and committed to learn whether the store can be written.
CREATE TABLE probe (
  id    integer NOT NULL PRIMARY KEY CHECK (id = 1),
  count bigint  NOT NULL
);

INSERT INTO probe (id, count) VALUES (1, 0);
