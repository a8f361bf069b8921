-- Months that are over are sealed: nothing is counted into them any more, whichever program tries. Beside the figures by the hour stand
-- those by the month, kept by the database itself, so that years are read at once. And what is known of the server's readiness.

PRAGMA user_version = 12; -- what serves may be as old as this schema

CREATE TABLE statistics_by_month (
  hour           INTEGER NOT NULL, -- the first second of the month
  scope          TEXT    NOT NULL,
  consumer_orgno TEXT    NOT NULL,
  supplier_orgno TEXT    NOT NULL,
  client_id      TEXT    NOT NULL,
  code           TEXT    NOT NULL,
  count          INTEGER NOT NULL,
  PRIMARY KEY (hour, scope, consumer_orgno, supplier_orgno, client_id, code)
) STRICT, WITHOUT ROWID;

INSERT INTO statistics_by_month (hour, scope, consumer_orgno, supplier_orgno, client_id, code, count)
SELECT unixepoch(hour, 'unixepoch', 'start of month'), scope, consumer_orgno, supplier_orgno, client_id, code, sum(count)
FROM statistics GROUP BY 1, 2, 3, 4, 5, 6;

-- In the order of time, without holes: from the first to the last everything is closed.
CREATE TABLE statistics_months (
  first    INTEGER NOT NULL PRIMARY KEY, -- its first second
  last     INTEGER NOT NULL, -- the first second after it
  sealed   INTEGER, -- when; absent: it is closed, and being summed up
  figures  INTEGER,
  tokens   INTEGER,
  refusals INTEGER,
  digest   TEXT -- SHA-256 of its figures, hex
) STRICT;

CREATE TRIGGER statistics_insert_open BEFORE INSERT ON statistics
  WHEN NEW.hour < (SELECT max(last) FROM statistics_months)
  BEGIN SELECT raise(ABORT, 'the month is closed'); END;
CREATE TRIGGER statistics_update_open BEFORE UPDATE ON statistics
  WHEN OLD.hour < (SELECT max(last) FROM statistics_months)
  BEGIN SELECT raise(ABORT, 'the month is closed'); END;
CREATE TRIGGER statistics_delete_open BEFORE DELETE ON statistics
  WHEN OLD.hour < (SELECT max(last) FROM statistics_months)
  BEGIN SELECT raise(ABORT, 'the month is closed'); END;
CREATE TRIGGER statistics_months_keep_seals BEFORE UPDATE ON statistics_months WHEN OLD.sealed IS NOT NULL
  BEGIN SELECT raise(ABORT, 'the month is sealed'); END;
CREATE TRIGGER statistics_months_stay BEFORE DELETE ON statistics_months
  BEGIN SELECT raise(ABORT, 'the month is closed'); END;

CREATE TRIGGER statistics_month_begins AFTER INSERT ON statistics BEGIN
  INSERT INTO statistics_by_month (hour, scope, consumer_orgno, supplier_orgno, client_id, code, count)
  VALUES (unixepoch(NEW.hour, 'unixepoch', 'start of month'),
    NEW.scope, NEW.consumer_orgno, NEW.supplier_orgno, NEW.client_id, NEW.code, NEW.count)
  ON CONFLICT DO UPDATE SET count = count + excluded.count;
END;
CREATE TRIGGER statistics_month_grows AFTER UPDATE ON statistics BEGIN
  UPDATE statistics_by_month SET count = count + NEW.count - OLD.count
  WHERE hour = unixepoch(NEW.hour, 'unixepoch', 'start of month') AND scope = NEW.scope AND consumer_orgno = NEW.consumer_orgno
    AND supplier_orgno = NEW.supplier_orgno AND client_id = NEW.client_id AND code = NEW.code;
END;

-- How the server was found, minute by minute: + ready, - not ready, ~ both, . nobody looked.
CREATE TABLE readiness (
  hour    INTEGER NOT NULL PRIMARY KEY, -- its first second
  minutes TEXT    NOT NULL CHECK (length(minutes) = 60)
) STRICT;

-- What is no token and no refusal is little, and found among them at once.
CREATE INDEX audit_changes ON audit (sequence) WHERE substr(type, 1, 6) <> 'token.';
