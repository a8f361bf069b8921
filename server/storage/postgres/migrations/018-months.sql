-- Months that are over are sealed: nothing is counted into them any more, whichever program tries. Beside the figures by the hour stand
-- those by the month, kept by the database itself, so that years are read at once. And what is known of the server's readiness.

CREATE TABLE statistics_by_month (
  hour           bigint NOT NULL, -- the first second of the month
  scope          text COLLATE "C" NOT NULL,
  consumer_orgno text COLLATE "C" NOT NULL,
  supplier_orgno text COLLATE "C" NOT NULL,
  client_id      text COLLATE "C" NOT NULL,
  code           text COLLATE "C" NOT NULL,
  count          bigint NOT NULL,
  PRIMARY KEY (hour, scope, consumer_orgno, supplier_orgno, client_id, code)
);

CREATE FUNCTION month_of(moment bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
  SELECT extract(epoch FROM date_trunc('month', to_timestamp(moment), 'UTC'))::bigint
$$;

INSERT INTO statistics_by_month (hour, scope, consumer_orgno, supplier_orgno, client_id, code, count)
SELECT month_of(hour), scope, consumer_orgno, supplier_orgno, client_id, code, sum(count) FROM statistics GROUP BY 1, 2, 3, 4, 5, 6;

-- In the order of time, without holes: from the first to the last everything is closed.
CREATE TABLE statistics_months (
  first    bigint NOT NULL PRIMARY KEY, -- its first second
  last     bigint NOT NULL, -- the first second after it
  sealed   bigint, -- when; absent: it is closed, and being summed up
  figures  bigint,
  tokens   bigint,
  refusals bigint,
  digest   text -- SHA-256 of its figures, hex
);

CREATE FUNCTION statistics_stay_open() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (CASE WHEN TG_OP = 'INSERT' THEN NEW.hour ELSE OLD.hour END) < (SELECT max(last) FROM statistics_months) THEN
    RAISE EXCEPTION 'the month is closed';
  END IF;
  RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;

CREATE FUNCTION statistics_months_keep_seals() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR OLD.sealed IS NOT NULL THEN
    RAISE EXCEPTION 'the month is sealed';
  END IF;
  RETURN NEW;
END $$;

CREATE FUNCTION statistics_month_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO statistics_by_month AS month (hour, scope, consumer_orgno, supplier_orgno, client_id, code, count)
  VALUES (month_of(NEW.hour), NEW.scope, NEW.consumer_orgno, NEW.supplier_orgno, NEW.client_id, NEW.code,
    NEW.count - CASE WHEN TG_OP = 'UPDATE' THEN OLD.count ELSE 0 END)
  ON CONFLICT (hour, scope, consumer_orgno, supplier_orgno, client_id, code) DO UPDATE SET count = month.count + excluded.count;
  RETURN NULL;
END $$;

CREATE TRIGGER statistics_stay_open BEFORE INSERT OR UPDATE OR DELETE ON statistics
  FOR EACH ROW EXECUTE FUNCTION statistics_stay_open();
CREATE TRIGGER statistics_month_grows AFTER INSERT OR UPDATE ON statistics FOR EACH ROW EXECUTE FUNCTION statistics_month_grows();
CREATE TRIGGER statistics_months_keep_seals BEFORE UPDATE OR DELETE ON statistics_months
  FOR EACH ROW EXECUTE FUNCTION statistics_months_keep_seals();

-- How the server was found, minute by minute: + ready, - not ready, ~ both, . nobody looked.
CREATE TABLE readiness (
  hour    bigint NOT NULL PRIMARY KEY, -- its first second
  minutes text   NOT NULL CHECK (length(minutes) = 60)
);

-- What is no token and no refusal is little, and found among them at once.
CREATE INDEX audit_changes ON audit (sequence) WHERE substr(type, 1, 6) <> 'token.';
