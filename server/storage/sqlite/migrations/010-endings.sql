-- What ends: certificates that clients have signed with, and keys and delegations by the moment of their end.

CREATE TABLE seen_certificates (
  client_id   TEXT    NOT NULL,
  fingerprint TEXT    NOT NULL, -- SHA-256 of the certificate, hex
  subject     TEXT    NOT NULL,
  serial      TEXT    NOT NULL,
  orgno       TEXT    NOT NULL,
  not_after   INTEGER NOT NULL,
  last_seen   INTEGER NOT NULL,
  PRIMARY KEY (client_id, fingerprint)
) STRICT, WITHOUT ROWID;

CREATE INDEX seen_certificates_by_end ON seen_certificates (not_after);
CREATE INDEX client_keys_by_end ON client_keys (expires);
CREATE INDEX delegations_by_end ON delegations (valid_to) WHERE valid_to IS NOT NULL AND revoked = 0;
