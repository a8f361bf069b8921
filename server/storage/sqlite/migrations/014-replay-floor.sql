-- Up to which moments it cannot be said which assertions were used: before a restore, and among those that have been removed.

PRAGMA user_version = 12; -- what serves may be as old as this schema

CREATE TABLE replay_floor (
  id          INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
  issued_from INTEGER NOT NULL, -- an earlier iat is refused
  forgotten   INTEGER NOT NULL  -- latest expiry of a spent assertion that has been removed
) STRICT;

INSERT INTO replay_floor (id, issued_from, forgotten) VALUES (1, 0, 0);

CREATE TRIGGER replay_floor_rises BEFORE UPDATE ON replay_floor
  WHEN NEW.issued_from < OLD.issued_from OR NEW.forgotten < OLD.forgotten
  BEGIN SELECT raise(ABORT, 'the replay floor only rises'); END;
CREATE TRIGGER replay_floor_stays BEFORE DELETE ON replay_floor BEGIN SELECT raise(ABORT, 'the replay floor only rises'); END;
