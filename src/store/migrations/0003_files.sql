-- Rows of queue_log files that belong to no call: as agent_row, with their instant in place of a local time. Which of them
-- a table tells too is found when they are read.
CREATE TABLE file_row (
  pbx INTEGER NOT NULL,
  agent TEXT NOT NULL,
  at INTEGER NOT NULL,
  queue TEXT NOT NULL,                       -- ASCII lower case
  event TEXT NOT NULL,
  callid TEXT NOT NULL,
  fields TEXT NOT NULL,                      -- data1…5, joined by the unit separator
  id INTEGER NOT NULL,                       -- negative: the instant, and the order of lines within a second
  PRIMARY KEY (pbx, agent, at, queue, event, callid, fields)
) WITHOUT ROWID;
