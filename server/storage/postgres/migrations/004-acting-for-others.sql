-- Who may act for whom: delegations, systems and their users, consents, and the sources that are asked elsewhere.

-- Scopes, suppliers and customers need not be registered: here may be delegated what another server issues tokens for.
CREATE TABLE delegations (
  id             text COLLATE "C" NOT NULL PRIMARY KEY,
  consumer_orgno text COLLATE "C" NOT NULL REFERENCES organizations (orgno),
  supplier_orgno text COLLATE "C" NOT NULL,
  scopes         text    NOT NULL CHECK (scopes::json IS NOT NULL),
  valid_from     bigint,
  valid_to       bigint,
  revoked        boolean NOT NULL,
  reason         text,
  created        bigint  NOT NULL,
  last_updated   bigint  NOT NULL
);

CREATE INDEX delegations_by_consumer ON delegations (consumer_orgno, supplier_orgno, id);
CREATE INDEX delegations_by_supplier ON delegations (supplier_orgno, id);

-- The same once more, a row for each scope, for the one question that every delegated token asks: found by its key alone, past
-- whatever has been revoked.
CREATE TABLE delegation_scopes (
  scope          text COLLATE "C" NOT NULL,
  consumer_orgno text COLLATE "C" NOT NULL,
  supplier_orgno text COLLATE "C" NOT NULL,
  revoked        boolean NOT NULL,
  delegation_id  text COLLATE "C" NOT NULL REFERENCES delegations (id),
  valid_from     bigint,
  valid_to       bigint,
  PRIMARY KEY (scope, consumer_orgno, supplier_orgno, revoked, delegation_id)
);

-- A delegation that changes replaces its rows.
CREATE INDEX delegation_scopes_by_delegation ON delegation_scopes (delegation_id);

CREATE TABLE systems (
  system_id    text COLLATE "C" NOT NULL PRIMARY KEY,
  vendor_orgno text COLLATE "C" NOT NULL REFERENCES organizations (orgno),
  name         text    NOT NULL,
  description  text,
  client_ids   text    NOT NULL CHECK (client_ids::json IS NOT NULL),
  active       boolean NOT NULL,
  created      bigint  NOT NULL,
  last_updated bigint  NOT NULL
);

CREATE INDEX systems_by_vendor ON systems (vendor_orgno, system_id);

CREATE TABLE system_users (
  id             text COLLATE "C" NOT NULL PRIMARY KEY,
  system_id      text COLLATE "C" NOT NULL REFERENCES systems (system_id),
  customer_orgno text COLLATE "C" NOT NULL,
  external_ref   text COLLATE "C" NOT NULL,
  state          text   NOT NULL CHECK (state IN ('REQUESTED', 'ACTIVE', 'REVOKED')),
  created        bigint NOT NULL,
  last_updated   bigint NOT NULL
);

CREATE UNIQUE INDEX system_users_in_use ON system_users (customer_orgno, external_ref, system_id) WHERE state <> 'REVOKED';
CREATE INDEX system_users_by_system ON system_users (system_id, id);
CREATE INDEX system_users_by_customer ON system_users (customer_orgno, id);

CREATE TABLE consents (
  id        text COLLATE "C" NOT NULL PRIMARY KEY,
  giver     text COLLATE "C" NOT NULL,
  to_orgno  text COLLATE "C" NOT NULL,
  consented bigint  NOT NULL,
  valid_to  bigint  NOT NULL,
  revoked   boolean NOT NULL,
  rights    text    NOT NULL CHECK (rights::json IS NOT NULL)
);

CREATE INDEX consents_by_giver ON consents (giver, id);
CREATE INDEX consents_by_recipient ON consents (to_orgno, id);

CREATE TABLE sources (
  name         text COLLATE "C" NOT NULL PRIMARY KEY,
  issuer       text COLLATE "C" NOT NULL UNIQUE,
  active       boolean NOT NULL,
  kind         text    NOT NULL CHECK (kind IN ('local', 'altinn')),
  settings     text    NOT NULL CHECK (settings::json IS NOT NULL),
  created      bigint  NOT NULL,
  last_updated bigint  NOT NULL
);

-- What suppliers asked for in vain. Figures only, as the counters of tokens are.
CREATE TABLE missed_delegations (
  supplier_orgno text COLLATE "C" NOT NULL,
  consumer_orgno text COLLATE "C" NOT NULL,
  scope          text COLLATE "C" NOT NULL,
  times          bigint NOT NULL,
  last_asked     bigint NOT NULL,
  PRIMARY KEY (supplier_orgno, consumer_orgno, scope)
);
