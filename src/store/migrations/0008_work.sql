-- What agents did with their time by clock hour, made from `span` and `presence` once a day is over: what is asked of a year is
-- not made from every talk of it. Everything here follows from those two tables, the zone and the wrap-up times.

-- One agent, the clock hours that begin on one UTC day, packed.
CREATE TABLE work (
  pbx INTEGER NOT NULL,
  day INTEGER NOT NULL,                      -- days since 1970-01-01
  agent TEXT NOT NULL,
  hours BLOB NOT NULL,
  PRIMARY KEY (pbx, day, agent)
);

-- The same over a whole month of the PBX's zone.
CREATE TABLE work_month (
  pbx INTEGER NOT NULL,
  month INTEGER NOT NULL,                    -- 12 × year + month, from 0
  agent TEXT NOT NULL,
  hours BLOB NOT NULL,
  PRIMARY KEY (pbx, month, agent)
);

-- Which of them are no longer right, and are not read until they are made anew.
CREATE TABLE work_stale (
  pbx INTEGER NOT NULL,
  day INTEGER NOT NULL,
  agent TEXT NOT NULL,
  PRIMARY KEY (pbx, day, agent)
) WITHOUT ROWID;

-- How often a UTC day changed: what is kept in memory of a day is thrown away when this is another number. The least day stands
-- for all of them.
CREATE TABLE day_change (
  pbx INTEGER NOT NULL,
  day INTEGER NOT NULL,
  number INTEGER NOT NULL,
  PRIMARY KEY (pbx, day)
) WITHOUT ROWID;
