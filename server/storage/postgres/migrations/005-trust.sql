-- What is said of a CA besides its profile: whom it may name, and where it says what it has revoked.

ALTER TABLE trust_entries ADD COLUMN organization_namespaces text
  CHECK (organization_namespaces IS NULL OR organization_namespaces::json IS NOT NULL);
ALTER TABLE trust_entries ADD COLUMN crl_urls text CHECK (crl_urls IS NULL OR crl_urls::json IS NOT NULL);
ALTER TABLE trust_entries ADD COLUMN revocation text CHECK (revocation IN ('require', 'grace', 'soft', 'off'));
