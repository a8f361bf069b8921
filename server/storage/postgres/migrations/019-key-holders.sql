-- Which signing keys each process that serves could sign with: none signs before all of them can.

CREATE TABLE key_holders (
  process text COLLATE "C" NOT NULL PRIMARY KEY,
  node    text COLLATE "C" NOT NULL,
  at      bigint NOT NULL, -- when it said so
  kids    text NOT NULL -- JSON
);
