-- What a scope's tokens are signed with, where that is not what the issuer signs with.

ALTER TABLE scopes ADD COLUMN signing_algorithm text CHECK (signing_algorithm IN ('RS256', 'PS256', 'ES256', 'EdDSA'));
