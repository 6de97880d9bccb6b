-- Accounts that are switched off, quotas, logins that may do less than the password's, and records whose data come and
-- go piece by piece.

ALTER TABLE accounts ADD COLUMN disabled INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN message_count INTEGER NOT NULL DEFAULT 0;   -- of what the account holds now
ALTER TABLE accounts ADD COLUMN record_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN record_bytes INTEGER NOT NULL DEFAULT 0;
UPDATE accounts SET
    message_count = (SELECT COUNT(*) FROM messages WHERE messages.account_id = accounts.id),
    record_count = (SELECT COUNT(*) FROM records WHERE records.account_id = accounts.id),
    record_bytes = (SELECT COALESCE(SUM(records.size), 0) FROM records WHERE records.account_id = accounts.id);

CREATE TABLE quotas (
    account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (account_id, kind)
);

CREATE TABLE secrets (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    label TEXT NOT NULL,
    digest TEXT NOT NULL UNIQUE,                -- SHA-256 of the secret, hex
    role TEXT NOT NULL,                         -- 'publish' or 'view'
    devices TEXT NOT NULL,                      -- JSON array of names; an empty one is all devices
    UNIQUE (account_id, label)
);

ALTER TABLE sessions ADD COLUMN secret_id INTEGER REFERENCES secrets (id) ON DELETE CASCADE;   -- NULL: by password
CREATE INDEX sessions_by_secret ON sessions (secret_id);

CREATE TABLE revoked_sessions (
    digest TEXT NOT NULL PRIMARY KEY            -- of a session that the server, if it runs, has still to end
);

-- Records that have parts and are not in the list: they are being uploaded, or were deleted and go piece by piece.
CREATE TABLE loose_records (
    id INTEGER NOT NULL PRIMARY KEY,
    uploading INTEGER NOT NULL                  -- 0: its parts may go
);

-- Parts outlive their record until a sweep takes them, so the reference goes: what is stored doesn't change by that, and
-- gigabytes need not be copied (https://www.sqlite.org/lang_altertable.html, "Making Other Kinds Of Table Schema Changes").
PRAGMA writable_schema = ON;
UPDATE sqlite_master SET sql = replace(sql, ' REFERENCES records (id) ON DELETE CASCADE', '')
WHERE type = 'table' AND name = 'record_parts';
PRAGMA writable_schema = RESET;
