-- The life of a signing key. Until now the newest of each algorithm signed, and all were published.

ALTER TABLE signing_keys ADD COLUMN state text NOT NULL DEFAULT 'active'
  CHECK (state IN ('generated', 'pending', 'active', 'retired', 'removed'));
ALTER TABLE signing_keys ADD COLUMN published bigint;
ALTER TABLE signing_keys ADD COLUMN activated bigint;
ALTER TABLE signing_keys ADD COLUMN retired bigint;
ALTER TABLE signing_keys ADD COLUMN removed bigint;

UPDATE signing_keys SET published = created, activated = created;

UPDATE signing_keys SET state = 'retired', retired = extract(epoch FROM now())::bigint
WHERE EXISTS (
  SELECT 1 FROM signing_keys AS newer
  WHERE newer.alg = signing_keys.alg AND (newer.created, newer.kid) > (signing_keys.created, signing_keys.kid)
);

CREATE UNIQUE INDEX signing_keys_active ON signing_keys (alg) WHERE state = 'active';
