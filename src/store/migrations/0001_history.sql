-- What the PBXs' rows say. Everything here can be thrown away and read again. Every key starts with the PBX.
-- Times: `local` is the PBX's local time as seconds since 1970-01-01 00:00:00 of that zone; all others are UTC seconds.

CREATE TABLE pbx (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  zone TEXT NOT NULL,
  fold_version INTEGER NOT NULL,
  log_local INTEGER NOT NULL DEFAULT 0,      -- newest local time of any row: the log's own clock
  synced_at INTEGER                          -- wall clock of the last synchronisation that reached the end
);

-- The rows of one callid, packed. `joined`: the group it is folded with, where it is not folded alone.
CREATE TABLE call (
  pbx INTEGER NOT NULL,
  callid TEXT NOT NULL,
  joined TEXT,
  queued INTEGER NOT NULL,                   -- has a row of a queue (not only a product's own events)
  transferred INTEGER NOT NULL,
  rows BLOB NOT NULL,
  PRIMARY KEY (pbx, callid)
) WITHOUT ROWID;
CREATE INDEX call_joined ON call (pbx, joined) WHERE joined IS NOT NULL;

CREATE TABLE visit (
  pbx INTEGER NOT NULL,
  callid TEXT NOT NULL,
  queue TEXT NOT NULL,                       -- ASCII lower case
  n INTEGER NOT NULL,
  entered INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  agent TEXT,
  marks INTEGER NOT NULL,                    -- 1 own, 2 unresolved, 4 missing end
  review_at INTEGER,                         -- fold again when the log's clock is past this
  detail BLOB NOT NULL,
  PRIMARY KEY (pbx, callid, queue, n)
) WITHOUT ROWID;
CREATE INDEX visit_entered ON visit (pbx, entered);
CREATE INDEX visit_review ON visit (pbx, review_at) WHERE review_at IS NOT NULL;
CREATE INDEX visit_marks ON visit (pbx, marks, entered) WHERE marks <> 0;

-- What of a callid's rows could complete another callid's: see `fold::Loose`.
CREATE TABLE loose (
  pbx INTEGER NOT NULL,
  queue TEXT NOT NULL,
  at INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  callid TEXT NOT NULL,
  second INTEGER NOT NULL,
  PRIMARY KEY (pbx, queue, at, kind, callid, second)
) WITHOUT ROWID;
CREATE INDEX loose_callid ON loose (pbx, callid);

-- Rows that belong to no call: pause, login, penalty, starts of Asterisk.
CREATE TABLE agent_row (
  pbx INTEGER NOT NULL,
  agent TEXT NOT NULL,
  local INTEGER NOT NULL,
  queue TEXT NOT NULL,                       -- ASCII lower case
  event TEXT NOT NULL,
  callid TEXT NOT NULL,
  fields TEXT NOT NULL,                      -- data1…5, joined by the unit separator
  id INTEGER NOT NULL,
  PRIMARY KEY (pbx, agent, local, queue, event, callid, fields)
) WITHOUT ROWID;

-- Pauses and logins of an agent. `until` 0: goes on.
CREATE TABLE presence (
  pbx INTEGER NOT NULL,
  agent TEXT NOT NULL,
  start INTEGER NOT NULL,
  kind INTEGER NOT NULL,                     -- 1 pause, 2 login
  queue TEXT NOT NULL,                       -- '*': all
  until INTEGER NOT NULL,
  reason TEXT NOT NULL,
  marked INTEGER NOT NULL,
  PRIMARY KEY (pbx, agent, start, kind, queue, until, reason)
) WITHOUT ROWID;

-- Talks and rings of an agent.
CREATE TABLE interval (
  pbx INTEGER NOT NULL,
  agent TEXT NOT NULL,
  start INTEGER NOT NULL,
  kind INTEGER NOT NULL,                     -- 3 talk, 4 ring
  queue TEXT NOT NULL,
  until INTEGER NOT NULL,
  callid TEXT NOT NULL,
  PRIMARY KEY (pbx, agent, start, kind, queue, until, callid)
) WITHOUT ROWID;

-- Sums of one queue (agent ''), one agent in a queue, or one agent over all queues (queue '') in one clock hour.
CREATE TABLE cell (
  pbx INTEGER NOT NULL,
  hour INTEGER NOT NULL,
  queue TEXT NOT NULL,
  agent TEXT NOT NULL,
  seconds INTEGER NOT NULL,
  late INTEGER NOT NULL DEFAULT 0,           -- got a row more than an hour after its own time
  sums BLOB NOT NULL,
  PRIMARY KEY (pbx, hour, queue, agent)
) WITHOUT ROWID;

CREATE TABLE cursor (
  pbx INTEGER NOT NULL,
  source TEXT NOT NULL,                      -- queue_log, cdr
  position INTEGER NOT NULL,
  PRIMARY KEY (pbx, source)
) WITHOUT ROWID;

-- How a queue is first written, and its own service level.
CREATE TABLE queue (
  pbx INTEGER NOT NULL,
  folded TEXT NOT NULL,
  name TEXT NOT NULL,
  first_id INTEGER NOT NULL,
  service_level INTEGER,
  PRIMARY KEY (pbx, folded)
) WITHOUT ROWID;

-- Rows of known instant near a repeated hour.
CREATE TABLE hint (
  pbx INTEGER NOT NULL,
  id INTEGER NOT NULL,
  shift INTEGER NOT NULL,                    -- the zone's offset there, seconds
  PRIMARY KEY (pbx, id)
) WITHOUT ROWID;

-- Rows that could not be understood, by kind.
CREATE TABLE oddity (
  pbx INTEGER NOT NULL,
  kind TEXT NOT NULL,
  number INTEGER NOT NULL,
  PRIMARY KEY (pbx, kind)
) WITHOUT ROWID;

-- Calls of the cdr without queue_log rows, and what is dialled to reach which queue.
CREATE TABLE cdr_call (
  pbx INTEGER NOT NULL,
  start INTEGER NOT NULL,
  linkedid TEXT NOT NULL,
  uniqueid TEXT NOT NULL,
  dcontext TEXT NOT NULL,
  dst TEXT NOT NULL,
  number TEXT NOT NULL,
  queue TEXT NOT NULL,                       -- of lastapp Queue; else ''
  PRIMARY KEY (pbx, start, linkedid, uniqueid, dcontext, dst, queue)
) WITHOUT ROWID;
CREATE TABLE route (
  pbx INTEGER NOT NULL,
  dcontext TEXT NOT NULL,
  dst TEXT NOT NULL,
  queue TEXT NOT NULL,
  PRIMARY KEY (pbx, dcontext, dst, queue)
) WITHOUT ROWID;

-- Which interface is whose, and when.
CREATE TABLE identity (
  pbx INTEGER NOT NULL,
  interface TEXT NOT NULL,
  valid_from INTEGER NOT NULL,
  agent TEXT NOT NULL,
  source TEXT NOT NULL,
  PRIMARY KEY (pbx, interface, valid_from)
) WITHOUT ROWID;

-- The live model's changes, compact.
CREATE TABLE replay (
  pbx INTEGER NOT NULL,
  at INTEGER NOT NULL,                       -- milliseconds
  n INTEGER NOT NULL,
  change BLOB NOT NULL,
  PRIMARY KEY (pbx, at, n)
) WITHOUT ROWID;
