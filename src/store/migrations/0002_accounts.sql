-- Accounts, sessions, tokens, settings, and the journal of who did what. Times are UTC: seconds, in the journal
-- milliseconds. Secrets are here only as hashes.
CREATE TABLE account (
    name TEXT PRIMARY KEY COLLATE NOCASE,
    role TEXT NOT NULL CHECK (role IN ('viewer', 'supervisor', 'admin')),
    password TEXT,
    pin TEXT,
    created INTEGER NOT NULL,
    last_login INTEGER
) STRICT;

CREATE TABLE session (
    hash BLOB PRIMARY KEY,
    account TEXT NOT NULL COLLATE NOCASE REFERENCES account (name) ON DELETE CASCADE,
    created INTEGER NOT NULL,
    seen INTEGER NOT NULL,
    origin TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_of_account ON session (account, created);

CREATE TABLE login_link (
    hash BLOB PRIMARY KEY,
    account TEXT NOT NULL COLLATE NOCASE REFERENCES account (name) ON DELETE CASCADE,
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE token (
    name TEXT PRIMARY KEY COLLATE NOCASE,
    hash BLOB NOT NULL UNIQUE,
    role TEXT NOT NULL CHECK (role IN ('viewer', 'supervisor', 'admin')),
    created INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    last_used INTEGER
) STRICT;

CREATE TABLE setting (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    changed INTEGER NOT NULL,
    changed_by TEXT NOT NULL
) STRICT;

CREATE TABLE journal (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    origin TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    before TEXT,
    after TEXT,
    result TEXT,
    refers INTEGER REFERENCES journal (id),
    hash BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX journal_closed_once ON journal (refers) WHERE refers IS NOT NULL;
CREATE TRIGGER journal_never_changes BEFORE UPDATE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_never_forgets BEFORE DELETE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
