-- The life of a signing key. Until now the newest of each algorithm signed, and all were published.
-- The program before may go on and come back while no key is sealed and none was rotated; it does not start on others.

PRAGMA user_version = 12;

ALTER TABLE signing_keys ADD COLUMN state TEXT NOT NULL DEFAULT 'active'
  CHECK (state IN ('generated', 'pending', 'active', 'retired', 'removed'));
ALTER TABLE signing_keys ADD COLUMN published INTEGER;
ALTER TABLE signing_keys ADD COLUMN activated INTEGER;
ALTER TABLE signing_keys ADD COLUMN retired INTEGER;
ALTER TABLE signing_keys ADD COLUMN removed INTEGER;

UPDATE signing_keys SET published = created, activated = created;

UPDATE signing_keys SET state = 'retired', retired = unixepoch()
WHERE EXISTS (
  SELECT 1 FROM signing_keys AS newer
  WHERE newer.alg = signing_keys.alg AND (newer.created, newer.kid) > (signing_keys.created, signing_keys.kid)
);

CREATE UNIQUE INDEX signing_keys_active ON signing_keys (alg) WHERE state = 'active';
