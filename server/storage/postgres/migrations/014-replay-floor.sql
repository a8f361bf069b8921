-- Of which assertions it cannot be said whether they were used: those from before a restore, and those that ended when removed ones did.

CREATE TABLE replay_floor (
  id          integer NOT NULL PRIMARY KEY CHECK (id = 1),
  issued_from bigint  NOT NULL, -- an earlier iat is refused
  forgotten   text    NOT NULL CHECK (forgotten::json IS NOT NULL) -- [[since, until], ...], in order
);

INSERT INTO replay_floor (id, issued_from, forgotten) VALUES (1, 0, '[]');

CREATE FUNCTION replay_floor_only_rises() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR NEW.issued_from < OLD.issued_from THEN
    RAISE EXCEPTION 'the replay floor only rises';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER replay_floor_only_rises BEFORE UPDATE OR DELETE ON replay_floor
  FOR EACH ROW EXECUTE FUNCTION replay_floor_only_rises();

-- As before, but for what ends in a span in which removed ones did: it may be one of those. Whoever spends and whoever removes hold the
-- end of the audit: neither sees half of the other.
CREATE OR REPLACE FUNCTION spend_assertions(
  digests bytea[], all_expires bigint[], own_chain bigint, types text[], ats bigint[], correlation_ids text[], client_ids text[],
  orgnos text[], all_details text[]
) RETURNS TABLE (fresh integer[], appended_chain bigint, appended_sequence bigint) LANGUAGE plpgsql AS $$
DECLARE
  spans jsonb;
BEGIN
  PERFORM 1 FROM audit_end FOR UPDATE;
  SELECT forgotten::jsonb INTO spans FROM replay_floor;
  WITH given AS (
    SELECT digest, expires, place::integer AS place
    FROM unnest(digests, all_expires) WITH ORDINALITY AS given (digest, expires, place)
    WHERE NOT EXISTS (
      SELECT 1 FROM jsonb_array_elements(spans) AS span WHERE expires BETWEEN (span->>0)::bigint AND (span->>1)::bigint
    )
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
