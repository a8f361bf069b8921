-- Why tokens were refused, for a few days.

PRAGMA user_version = 12; -- what serves may be as old as this schema

CREATE TABLE explanations (
  id        TEXT    NOT NULL, -- the correlation id; whoever calls may have chosen it
  at        INTEGER NOT NULL,
  code      TEXT    NOT NULL,
  client_id TEXT    NOT NULL, -- '' where the request names none that there is
  proven    INTEGER NOT NULL CHECK (proven IN (0, 1)), -- whether the client had signed it, and for the first time
  content   TEXT    NOT NULL CHECK (json_valid(content)),
  PRIMARY KEY (id, at, code, client_id, proven)
) STRICT, WITHOUT ROWID;

CREATE INDEX explanations_by_at ON explanations (at);
CREATE INDEX explanations_of_strangers ON explanations (at) WHERE proven = 0;
