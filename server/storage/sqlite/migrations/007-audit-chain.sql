-- The audit as chains, one for each process that writes: a record's hash covers the one before it, and signed checkpoints bind the
-- chains together. What was kept before stays readable, without a hash.

DROP TRIGGER audit_forbids_update;
DROP TRIGGER audit_forbids_delete;
ALTER TABLE audit RENAME TO audit_unchained;
CREATE TRIGGER audit_unchained_forbids_insert BEFORE INSERT ON audit_unchained BEGIN SELECT raise(ABORT, 'the audit is chained'); END;
CREATE TRIGGER audit_unchained_forbids_update BEFORE UPDATE ON audit_unchained BEGIN SELECT raise(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_unchained_forbids_delete BEFORE DELETE ON audit_unchained BEGIN SELECT raise(ABORT, 'the audit is append-only'); END;

CREATE TABLE audit_chains (
  chain  INTEGER NOT NULL PRIMARY KEY,
  number INTEGER NOT NULL, -- of the last record
  hash   BLOB    NOT NULL CHECK (length(hash) = 32), -- of the last record
  sealed INTEGER NOT NULL DEFAULT 0 -- number of the last record that a checkpoint covers
) STRICT;

CREATE TABLE audit (
  sequence       INTEGER NOT NULL PRIMARY KEY,
  chain          INTEGER NOT NULL REFERENCES audit_chains (chain),
  number         INTEGER NOT NULL,
  previous       BLOB    NOT NULL CHECK (length(previous) = 32),
  hash           BLOB    NOT NULL CHECK (length(hash) = 32),
  type           TEXT    NOT NULL,
  at             INTEGER NOT NULL,
  correlation_id TEXT    NOT NULL,
  client_id      TEXT,
  orgno          TEXT,
  details        TEXT    NOT NULL -- canonical JSON, as it was hashed
) STRICT;

CREATE TABLE audit_checkpoints (
  number    INTEGER NOT NULL PRIMARY KEY,
  at        INTEGER NOT NULL,
  sequence  INTEGER NOT NULL, -- of the last record that it covers
  whole     INTEGER NOT NULL CHECK (whole IN (0, 1)), -- whether it names every chain
  text      TEXT    NOT NULL, -- canonical JSON, as it was signed
  kid       TEXT    NOT NULL,
  signature TEXT    NOT NULL,
  hash      BLOB    NOT NULL CHECK (length(hash) = 32)
) STRICT;

CREATE TABLE audit_keys (
  kid     TEXT    NOT NULL PRIMARY KEY,
  jwk     TEXT    NOT NULL CHECK (json_valid(jwk)),
  created INTEGER NOT NULL
) STRICT;

-- Up to which record the audit may be, or has been, taken out: never beyond a checkpoint that names every chain.
CREATE TABLE audit_pruned (
  id         INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
  checkpoint INTEGER NOT NULL,
  sequence   INTEGER NOT NULL
) STRICT;

INSERT INTO audit_pruned (id, checkpoint, sequence) VALUES (1, 0, 0);

CREATE TRIGGER audit_forbids_update BEFORE UPDATE ON audit BEGIN SELECT raise(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_forbids_delete BEFORE DELETE ON audit WHEN OLD.sequence > (SELECT sequence FROM audit_pruned)
  BEGIN SELECT raise(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_checkpoints_forbids_update BEFORE UPDATE ON audit_checkpoints
  BEGIN SELECT raise(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_checkpoints_forbids_delete BEFORE DELETE ON audit_checkpoints
  BEGIN SELECT raise(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_pruned_goes_forward BEFORE UPDATE ON audit_pruned
  WHEN NEW.sequence < OLD.sequence OR NOT EXISTS (
    SELECT 1 FROM audit_checkpoints WHERE number = NEW.checkpoint AND sequence = NEW.sequence AND whole = 1)
  BEGIN SELECT raise(ABORT, 'the audit is pruned to a whole checkpoint'); END;

CREATE INDEX audit_checkpoints_by_sequence ON audit_checkpoints (sequence);
