-- The audit as chains, one for each process that writes: a record's hash covers the one before it, and signed checkpoints bind the
-- chains together.

CREATE TABLE audit_chains (
  chain  bigint NOT NULL PRIMARY KEY,
  number bigint NOT NULL, -- of the last record
  hash   bytea  NOT NULL CHECK (length(hash) = 32), -- of the last record
  sealed bigint NOT NULL DEFAULT 0 -- number of the last record that a checkpoint covers
);

CREATE TABLE audit (
  sequence       bigint NOT NULL PRIMARY KEY,
  chain          bigint NOT NULL REFERENCES audit_chains (chain),
  number         bigint NOT NULL,
  previous       bytea  NOT NULL CHECK (length(previous) = 32),
  hash           bytea  NOT NULL CHECK (length(hash) = 32),
  type           text   NOT NULL,
  at             bigint NOT NULL,
  correlation_id text   NOT NULL,
  client_id      text,
  orgno          text,
  details        text   NOT NULL -- canonical JSON, as it was hashed
);

CREATE TABLE audit_checkpoints (
  number    bigint  NOT NULL PRIMARY KEY,
  at        bigint  NOT NULL,
  sequence  bigint  NOT NULL, -- of the last record that it covers
  whole     boolean NOT NULL, -- whether it names every chain
  text      text    NOT NULL, -- canonical JSON, as it was signed
  kid       text    NOT NULL,
  signature text    NOT NULL,
  hash      bytea   NOT NULL CHECK (length(hash) = 32)
);

CREATE INDEX audit_checkpoints_by_sequence ON audit_checkpoints (sequence);

CREATE TABLE audit_keys (
  kid     text COLLATE "C" NOT NULL PRIMARY KEY,
  jwk     text   NOT NULL CHECK (jwk::json IS NOT NULL),
  created bigint NOT NULL
);

-- Up to which record the audit may be, or has been, taken out: never beyond a checkpoint that names every chain.
CREATE TABLE audit_pruned (
  id         integer NOT NULL PRIMARY KEY CHECK (id = 1),
  checkpoint bigint  NOT NULL,
  sequence   bigint  NOT NULL
);

INSERT INTO audit_pruned (id, checkpoint, sequence) VALUES (1, 0, 0);

-- Where the sequence ends. Whoever appends holds this row until the commit: so the sequence has no gaps and is the order of commits,
-- and what one node has appended is there for the next to follow.
CREATE TABLE audit_end (
  id       integer NOT NULL PRIMARY KEY CHECK (id = 1),
  sequence bigint  NOT NULL
);

INSERT INTO audit_end (id, sequence) VALUES (1, 0);

CREATE FUNCTION audit_forbids() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit is append-only';
END $$;

CREATE FUNCTION audit_forbids_delete() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.sequence > (SELECT sequence FROM audit_pruned) THEN
    RAISE EXCEPTION 'the audit is append-only';
  END IF;
  RETURN OLD;
END $$;

CREATE FUNCTION audit_pruned_goes_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.sequence < OLD.sequence OR NOT EXISTS (
    SELECT 1 FROM audit_checkpoints WHERE number = NEW.checkpoint AND sequence = NEW.sequence AND whole
  ) THEN
    RAISE EXCEPTION 'the audit is pruned to a whole checkpoint';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER audit_forbids_update BEFORE UPDATE ON audit FOR EACH ROW EXECUTE FUNCTION audit_forbids();
CREATE TRIGGER audit_forbids_delete BEFORE DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_forbids_delete();
CREATE TRIGGER audit_forbids_truncate BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_forbids();
CREATE TRIGGER audit_checkpoints_forbids_change BEFORE UPDATE OR DELETE ON audit_checkpoints
  FOR EACH ROW EXECUTE FUNCTION audit_forbids();
CREATE TRIGGER audit_checkpoints_forbids_truncate BEFORE TRUNCATE ON audit_checkpoints
  FOR EACH STATEMENT EXECUTE FUNCTION audit_forbids();
CREATE TRIGGER audit_pruned_goes_forward BEFORE UPDATE ON audit_pruned
  FOR EACH ROW EXECUTE FUNCTION audit_pruned_goes_forward();

-- Appends records to a chain, or begins one with them where there is none, inside the transaction at hand. The hash is that of server/audit/chain.ts, over
-- the same canonical JSON; it is made here because the sequence is known here: so a commit is one round trip, whoever else appends.
-- Sequence and chain come back: they count when the transaction has been committed.
CREATE FUNCTION audit_append(
  own_chain bigint, types text[], ats bigint[], correlation_ids text[], client_ids text[], orgnos text[], all_details text[]
) RETURNS TABLE (appended_chain bigint, appended_sequence bigint) LANGUAGE plpgsql AS $$
DECLARE
  many CONSTANT integer := cardinality(types);
  at_sequence bigint;
  at_number bigint;
  before bytea;
  link bytea;
BEGIN
  UPDATE audit_end SET sequence = sequence + many RETURNING sequence - many INTO at_sequence;
  SELECT number, hash INTO at_number, before FROM audit_chains WHERE chain = own_chain;
  IF before IS NULL THEN
    SELECT COALESCE(max(chain), 0) + 1 INTO own_chain FROM audit_chains;
    at_number := 0;
    before := COALESCE((SELECT hash FROM audit_checkpoints ORDER BY number DESC LIMIT 1), decode(repeat('00', 32), 'hex'));
    INSERT INTO audit_chains (chain, number, hash) VALUES (own_chain, 0, before);
  END IF;
  FOR place IN 1..many LOOP
    at_sequence := at_sequence + 1;
    at_number := at_number + 1;
    link := sha256(convert_to(
      '{"at":' || ats[place] || ',"chain":' || own_chain || COALESCE(',"client_id":' || to_json(client_ids[place])::text, '')
        || ',"correlation_id":' || to_json(correlation_ids[place])::text || ',"details":' || all_details[place]
        || ',"number":' || at_number || COALESCE(',"orgno":' || to_json(orgnos[place])::text, '')
        || ',"previous":"' || encode(before, 'hex') || '","sequence":' || at_sequence
        || ',"type":' || to_json(types[place])::text || '}', 'UTF8'));
    INSERT INTO audit (sequence, chain, number, previous, hash, type, at, correlation_id, client_id, orgno, details)
    VALUES (at_sequence, own_chain, at_number, before, link, types[place], ats[place], correlation_ids[place], client_ids[place],
      orgnos[place], all_details[place]);
    before := link;
  END LOOP;
  UPDATE audit_chains SET number = at_number, hash = before WHERE chain = own_chain;
  RETURN QUERY SELECT own_chain, at_sequence;
END $$;

-- Spends assertions and keeps the verdicts of those that were fresh. In the order of the digests, so that nodes that meet on the same
-- ones wait for each other one way round only. No digest may be given twice.
CREATE FUNCTION spend_assertions(
  digests bytea[], all_expires bigint[], own_chain bigint, types text[], ats bigint[], correlation_ids text[], client_ids text[],
  orgnos text[], all_details text[]
) RETURNS TABLE (fresh integer[], appended_chain bigint, appended_sequence bigint) LANGUAGE plpgsql AS $$
BEGIN
  WITH given AS (
    SELECT digest, expires, place::integer AS place FROM unnest(digests, all_expires) WITH ORDINALITY AS given (digest, expires, place)
  ), inserted AS (
    INSERT INTO spent_assertions (digest, expires) SELECT given.digest, given.expires FROM given ORDER BY given.digest
    ON CONFLICT DO NOTHING RETURNING digest
  )
  SELECT COALESCE(array_agg(given.place ORDER BY given.place), '{}') INTO fresh FROM given JOIN inserted USING (digest);
  appended_chain := own_chain;
  IF cardinality(fresh) > 0 THEN
    SELECT appended.appended_chain, appended.appended_sequence INTO appended_chain, appended_sequence FROM audit_append(
      own_chain,
      (SELECT array_agg(types[place] ORDER BY place) FROM unnest(fresh) AS place),
      (SELECT array_agg(ats[place] ORDER BY place) FROM unnest(fresh) AS place),
      (SELECT array_agg(correlation_ids[place] ORDER BY place) FROM unnest(fresh) AS place),
      (SELECT array_agg(client_ids[place] ORDER BY place) FROM unnest(fresh) AS place),
      (SELECT array_agg(orgnos[place] ORDER BY place) FROM unnest(fresh) AS place),
      (SELECT array_agg(all_details[place] ORDER BY place) FROM unnest(fresh) AS place)
    ) AS appended;
  END IF;
  RETURN NEXT;
END $$;
