-- For how long members wrap up, seconds. `agent` '': the queue's own time.
CREATE TABLE wrap_up (
  pbx INTEGER NOT NULL,
  queue TEXT NOT NULL,                       -- ASCII lower case
  agent TEXT NOT NULL,
  seconds INTEGER NOT NULL,
  PRIMARY KEY (pbx, queue, agent)
) WITHOUT ROWID;

-- Calls outside the queues that found a phone busy. Source: cdr. `device`: the called channel without its number.
CREATE TABLE busy_call (
  pbx INTEGER NOT NULL,
  start INTEGER NOT NULL,
  uniqueid TEXT NOT NULL,
  device TEXT NOT NULL,
  PRIMARY KEY (pbx, start, uniqueid, device)
) WITHOUT ROWID;

-- Cells that got a row more than an hour after its own time. Beside the cells, so that what makes a cell anew keeps it.
CREATE TABLE late_cell (
  pbx INTEGER NOT NULL,
  hour INTEGER NOT NULL,
  queue TEXT NOT NULL,
  agent TEXT NOT NULL,
  PRIMARY KEY (pbx, hour, queue, agent)
) WITHOUT ROWID;
