-- What ends: certificates that clients have signed with, and keys and delegations by the moment of their end.

CREATE TABLE seen_certificates (
  client_id   text COLLATE "C" NOT NULL,
  fingerprint text COLLATE "C" NOT NULL, -- SHA-256 of the certificate, hex
  subject     text   NOT NULL,
  serial      text   NOT NULL,
  orgno       text   NOT NULL,
  not_after   bigint NOT NULL,
  last_seen   bigint NOT NULL,
  PRIMARY KEY (client_id, fingerprint)
);

CREATE INDEX seen_certificates_by_end ON seen_certificates (not_after);
CREATE INDEX client_keys_by_end ON client_keys (expires);
CREATE INDEX delegations_by_end ON delegations (valid_to) WHERE valid_to IS NOT NULL AND NOT revoked;
