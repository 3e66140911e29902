-- Which interface is whose, and when. `agent`: several names, parted by the unit separator, all claim it at once.
DROP TABLE identity;
CREATE TABLE identity (
  pbx INTEGER NOT NULL,
  interface TEXT NOT NULL COLLATE NOCASE,
  source TEXT NOT NULL,                      -- admin, ami, queue_members, cdr
  valid_from INTEGER NOT NULL,               -- 0: always
  agent TEXT NOT NULL,
  PRIMARY KEY (pbx, interface, source, valid_from)
) WITHOUT ROWID;

-- The interfaces that stand in the agent column of any row, as written. `base`: in the form in which they are compared.
CREATE TABLE spelling (
  pbx INTEGER NOT NULL,
  base TEXT NOT NULL,
  agent TEXT NOT NULL,
  PRIMARY KEY (pbx, base, agent)
) WITHOUT ROWID;

-- In which calls.
CREATE TABLE mention (
  pbx INTEGER NOT NULL,
  agent TEXT NOT NULL,
  callid TEXT NOT NULL,
  PRIMARY KEY (pbx, agent, callid)
) WITHOUT ROWID;

-- Calls that tell whose a phone is: who answered, beside the channel that the cdr says was connected. Few for each pair.
CREATE TABLE witness (
  pbx INTEGER NOT NULL,
  callid TEXT NOT NULL,
  start INTEGER NOT NULL,                    -- of the cdr's row; local
  interface TEXT NOT NULL,
  agent TEXT NOT NULL,
  at INTEGER NOT NULL,                       -- of the answer
  PRIMARY KEY (pbx, callid)
) WITHOUT ROWID;

-- Answered calls whose cdr names a Local channel as the one that was connected.
CREATE TABLE local_call (
  pbx INTEGER NOT NULL,
  callid TEXT NOT NULL,
  PRIMARY KEY (pbx, callid)
) WITHOUT ROWID;

-- Agents' legs whose end was not logged, by the uniqueid of the leg's channel. `until`: their end by the cdr.
CREATE TABLE leg (
  pbx INTEGER NOT NULL,
  uniqueid TEXT NOT NULL,
  callid TEXT NOT NULL,
  connected INTEGER NOT NULL,
  until INTEGER,
  tries INTEGER NOT NULL DEFAULT 0,
  due INTEGER NOT NULL DEFAULT 0,            -- wall clock: the cdr is asked again then
  PRIMARY KEY (pbx, uniqueid)
) WITHOUT ROWID;
CREATE INDEX leg_due ON leg (pbx, due) WHERE until IS NULL;
