-- The rows of calls in segments, and sums by day and month. What a visit is, is folded from the rows when it is asked for:
-- a table of visits beside them said the same twice and cost most of the time that the first synchronisation took.

DROP TABLE visit;
DROP TABLE interval;
DROP TABLE cell;
DROP INDEX loose_callid;
DROP INDEX call_joined;
ALTER TABLE call RENAME TO call_before;      -- moved into segments by the program, then dropped

-- The rows of the calls whose callids begin within ten minutes, packed, by callid; callids that hold no time go by a number
-- below 0. `first` and `last`: when the first and the last of its visits can have been entered, local.
CREATE TABLE segment (
  pbx INTEGER NOT NULL,
  bucket INTEGER NOT NULL,
  first INTEGER,
  last INTEGER,
  calls BLOB NOT NULL,
  PRIMARY KEY (pbx, bucket)
);
CREATE INDEX segment_entered ON segment (pbx, last, first);

-- Calls that are folded again though no row comes: they have an end that is overdue at `review_at` by the log's clock, or
-- that a start of Asterisk sets. `first`, `last`: when such visits were entered.
CREATE TABLE pending (
  pbx INTEGER NOT NULL,
  callid TEXT NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  review_at INTEGER,
  PRIMARY KEY (pbx, callid)
) WITHOUT ROWID;
CREATE INDEX pending_review ON pending (pbx, review_at) WHERE review_at IS NOT NULL;
CREATE INDEX pending_entered ON pending (pbx, last, first);

-- Talks and rings of one agent that begin on one UTC day, packed.
CREATE TABLE span (
  pbx INTEGER NOT NULL,
  day INTEGER NOT NULL,                      -- days since 1970-01-01
  agent TEXT NOT NULL,
  spans BLOB NOT NULL,
  PRIMARY KEY (pbx, day, agent)
) WITHOUT ROWID;

-- Sums of one queue (agent ''), or of one agent (queue ''; in each queue, and over all queues), in the clock hours that begin
-- on one UTC day, packed.
CREATE TABLE day (
  pbx INTEGER NOT NULL,
  day INTEGER NOT NULL,
  agent TEXT NOT NULL,
  queue TEXT NOT NULL,
  cells BLOB NOT NULL,
  PRIMARY KEY (pbx, day, agent, queue)
);

-- The same over a whole month of the PBX's zone, so that a year need not be added up from its hours.
CREATE TABLE month (
  pbx INTEGER NOT NULL,
  month INTEGER NOT NULL,                    -- 12 × year + month, from 0
  agent TEXT NOT NULL,
  queue TEXT NOT NULL,
  cells BLOB NOT NULL,
  PRIMARY KEY (pbx, month, agent, queue)
);

-- When Asterisk started is asked for with every batch.
CREATE INDEX agent_row_start ON agent_row (pbx) WHERE event = 'QUEUESTART';
CREATE INDEX file_row_start ON file_row (pbx) WHERE event = 'QUEUESTART';

-- Presence by time; and, beside it, the few that a look at the days around would not find: those that go on, whose end was
-- never logged, or that lasted long. (The condition stands in `presence.rs` word for word.)
CREATE INDEX presence_start ON presence (pbx, start);
CREATE INDEX presence_lasting ON presence (pbx, agent, until) WHERE until = 0 OR marked OR until - start > 200000;
