-- Of which assertions it cannot be said whether they were used: those from before a restore, and those that ended when removed ones did.

PRAGMA user_version = 12; -- what serves may be as old as this schema

CREATE TABLE replay_floor (
  id          INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
  issued_from INTEGER NOT NULL, -- an earlier iat is refused
  forgotten   TEXT    NOT NULL CHECK (json_valid(forgotten)) -- [[since, until], ...], in order
) STRICT;

INSERT INTO replay_floor (id, issued_from, forgotten) VALUES (1, 0, '[]');

CREATE TRIGGER replay_floor_rises BEFORE UPDATE ON replay_floor WHEN NEW.issued_from < OLD.issued_from
  BEGIN SELECT raise(ABORT, 'the replay floor only rises'); END;
CREATE TRIGGER replay_floor_stays BEFORE DELETE ON replay_floor BEGIN SELECT raise(ABORT, 'the replay floor only rises'); END;
