-- The part of SQL that PostgreSQL shares, but for AUTOINCREMENT: ids are never used again.

CREATE TABLE accounts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    generation INTEGER NOT NULL DEFAULT 1,      -- counts changes of the password
    last_stamp TEXT NOT NULL DEFAULT ''         -- of all messages and records ever, deleted ones too
);

CREATE TABLE settings (
    account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    kind INTEGER NOT NULL,
    value REAL NOT NULL,
    PRIMARY KEY (account_id, kind)
);

CREATE TABLE sessions (
    digest TEXT NOT NULL PRIMARY KEY,           -- SHA-256 of the token, hex
    account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    device TEXT NOT NULL,
    meta TEXT NOT NULL,
    address TEXT NOT NULL,
    active REAL NOT NULL,                       -- seconds since the epoch
    requests INTEGER NOT NULL,
    given TEXT                                  -- newest stamp that was given; NULL: asked for nothing yet
);
CREATE INDEX sessions_by_account ON sessions (account_id);

CREATE TABLE sync_marks (
    account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    device TEXT NOT NULL,
    stamp TEXT NOT NULL,
    settling TEXT NOT NULL DEFAULT '',          -- where the mark stood at settling_since
    settling_since REAL NOT NULL DEFAULT 0,
    settled TEXT NOT NULL DEFAULT '',           -- where it stood at least the grace ago
    PRIMARY KEY (account_id, device)
);

CREATE TABLE messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    stamp TEXT NOT NULL,
    sender TEXT NOT NULL,
    target TEXT NOT NULL,                       -- empty: a broadcast
    name TEXT NOT NULL,
    params TEXT NOT NULL                        -- JSON text of an object or an array
);
CREATE INDEX messages_by_stamp ON messages (account_id, stamp);
CREATE INDEX messages_by_target ON messages (account_id, target, stamp);

CREATE TABLE records (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    stamp TEXT NOT NULL,
    device TEXT NOT NULL,
    meta TEXT NOT NULL,
    size INTEGER                                -- bytes; NULL: no data
);
CREATE INDEX records_by_stamp ON records (account_id, stamp);

CREATE TABLE record_parts (
    record_id INTEGER NOT NULL REFERENCES records (id) ON DELETE CASCADE,
    part INTEGER NOT NULL,                      -- from 0; parts of 256 KiB, the last one shorter
    data BLOB NOT NULL,
    PRIMARY KEY (record_id, part)
);
