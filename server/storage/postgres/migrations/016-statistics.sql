-- Tokens and refusals by the hour, folded from the audit: what is counted and how far the folding has come change in one transaction,
-- so that a crash neither loses a record nor counts it twice.

CREATE TABLE statistics (
  hour           bigint NOT NULL, -- its first second
  scope          text COLLATE "C" NOT NULL, -- '': the token or refusal itself, once, however many scopes it names
  consumer_orgno text COLLATE "C" NOT NULL, -- '' where nobody has proven who asked
  supplier_orgno text COLLATE "C" NOT NULL, -- '' where nobody acts for the consumer
  client_id      text COLLATE "C" NOT NULL,
  code           text COLLATE "C" NOT NULL, -- of a refusal; '': a token
  count          bigint NOT NULL,
  PRIMARY KEY (hour, scope, consumer_orgno, supplier_orgno, client_id, code)
);

-- Whoever folds holds this row until the commit: so each record is counted once, by whichever node.
CREATE TABLE statistics_position (
  id       integer NOT NULL PRIMARY KEY CHECK (id = 1),
  sequence bigint  NOT NULL, -- of the last record that was folded
  at       bigint  NOT NULL
);

INSERT INTO statistics_position (id, sequence, at) VALUES (1, 0, 0);

-- Hours whose records had been taken out of the audit before they were folded.
CREATE TABLE statistics_gaps (
  first  bigint NOT NULL PRIMARY KEY,
  last   bigint NOT NULL,
  reason text   NOT NULL
);
