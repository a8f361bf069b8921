-- Why tokens were refused, for a few days.

CREATE TABLE explanations (
  id        text COLLATE "C" NOT NULL, -- the correlation id; whoever calls may have chosen it
  at        bigint NOT NULL,
  code      text COLLATE "C" NOT NULL,
  client_id text COLLATE "C" NOT NULL, -- '' where the request names none that there is
  proven    boolean NOT NULL, -- whether the client had signed it, and for the first time
  content   text NOT NULL, -- JSON
  PRIMARY KEY (id, at, code, client_id, proven)
);

CREATE INDEX explanations_by_at ON explanations (at);
CREATE INDEX explanations_of_strangers ON explanations (at) WHERE NOT proven;
