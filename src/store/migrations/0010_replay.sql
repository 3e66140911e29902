-- The table of this name was never filled.
DROP TABLE replay;

-- What the board showed: the live model's changes. A segment begins with a whole picture (part 0) and goes on with changes
-- in further parts; once it is over, it is one part, packed. Times are milliseconds since the epoch.
CREATE TABLE replay (
  pbx TEXT NOT NULL,
  segment INTEGER NOT NULL,                  -- when it begins
  part INTEGER NOT NULL,
  until INTEGER NOT NULL,                    -- what is shown holds at least until then
  packed INTEGER NOT NULL,
  bytes BLOB NOT NULL,
  PRIMARY KEY (pbx, segment, part)
);
