-- What is said of a CA besides its profile: whom it may name, and where it says what it has revoked.

ALTER TABLE trust_entries ADD COLUMN organization_namespaces TEXT CHECK (json_valid(organization_namespaces));
ALTER TABLE trust_entries ADD COLUMN crl_urls TEXT CHECK (json_valid(crl_urls));
ALTER TABLE trust_entries ADD COLUMN revocation TEXT CHECK (revocation IN ('require', 'grace', 'soft', 'off'));
