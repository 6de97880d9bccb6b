-- Ages that don't go by the wall clock: what is stored is kept with its running time (see webcam/calendar.py), in
-- microseconds. What was stored before has that of its stamp, to the millisecond; what has no stamp that can be read is
-- as young as can be.

ALTER TABLE messages ADD COLUMN stored INTEGER NOT NULL DEFAULT 0;
UPDATE messages SET stored = COALESCE(
    CAST(ROUND((julianday(stamp) - 2440587.5) * 86400000) AS INTEGER) * 1000,
    CAST(strftime('%s', 'now') AS INTEGER) * 1000000);
CREATE INDEX messages_by_age ON messages (account_id, stored, stamp);

ALTER TABLE records ADD COLUMN stored INTEGER NOT NULL DEFAULT 0;
UPDATE records SET stored = COALESCE(
    CAST(ROUND((julianday(stamp) - 2440587.5) * 86400000) AS INTEGER) * 1000,
    CAST(strftime('%s', 'now') AS INTEGER) * 1000000);
CREATE INDEX records_by_age ON records (account_id, stored, stamp);

-- When a session was last active, and when the grace of a sync mark began: running times, in columns of the old type.
UPDATE sessions SET active = active * 1000000;

-- When a device was last seen: a running time; and by which secret it last logged in (NULL: by password), which it goes
-- with.
CREATE TABLE devices_4 (
    account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    device TEXT NOT NULL,
    meta TEXT NOT NULL,
    active INTEGER NOT NULL,
    secret_id INTEGER REFERENCES secrets (id) ON DELETE CASCADE,
    PRIMARY KEY (account_id, device)
);
INSERT INTO devices_4 (account_id, device, meta, active) SELECT account_id, device, meta,
    COALESCE(CAST(ROUND((julianday(seen) - 2440587.5) * 86400000) AS INTEGER) * 1000, 0) FROM devices;
DROP TABLE devices;
ALTER TABLE devices_4 RENAME TO devices;
CREATE INDEX devices_by_active ON devices (account_id, active, device);
CREATE INDEX devices_by_secret ON devices (secret_id, active, device);

-- A link lasts so long from when it was made: both in microseconds, the first a running time.
CREATE TABLE shares_4 (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    device TEXT NOT NULL,
    digest TEXT NOT NULL UNIQUE,                -- SHA-256 of the token in the link, hex
    stored INTEGER NOT NULL,
    lasts INTEGER NOT NULL
);
INSERT INTO shares_4 SELECT id, account_id, device, digest,
    CAST(ROUND((julianday(made) - 2440587.5) * 86400000) AS INTEGER) * 1000,
    CAST(ROUND((julianday(until) - julianday(made)) * 86400000) AS INTEGER) * 1000
FROM shares WHERE julianday(made) IS NOT NULL AND julianday(until) IS NOT NULL;
INSERT INTO sqlite_sequence (name, seq)     -- ids are never used again
SELECT 'shares_4', 0 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'shares_4');
UPDATE sqlite_sequence SET seq = (SELECT MAX(seq) FROM sqlite_sequence WHERE name IN ('shares', 'shares_4'))
WHERE name = 'shares_4';
DROP TABLE shares;
ALTER TABLE shares_4 RENAME TO shares;
CREATE INDEX shares_by_account ON shares (account_id);

-- What is known of time: one row, made by the first start. See webcam.calendar.ClockState.
CREATE TABLE clock (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    running INTEGER NOT NULL,                   -- microseconds, as everything here
    evidence INTEGER NOT NULL,
    agreed_since INTEGER NOT NULL,
    doubted_since INTEGER,
    step_at INTEGER,
    step_size INTEGER,
    trusted INTEGER,                            -- wall time that the operator trusts, until the server knows of it
    cursor TEXT NOT NULL DEFAULT ''             -- a stamp: no cursor was handed out that is later
);

CREATE TABLE runs (
    began INTEGER PRIMARY KEY,                  -- a running time
    wall_offset INTEGER NOT NULL                -- wall time minus running time
);

-- Bytes of an account's messages, counted with it as the number of them is: of sender, target, name and parameters, in
-- UTF-8. LENGTH of text would end at U+0000.

ALTER TABLE accounts ADD COLUMN message_bytes INTEGER NOT NULL DEFAULT 0;
UPDATE accounts SET message_bytes = (
    SELECT COALESCE(SUM(LENGTH(CAST(sender AS BLOB)) + LENGTH(CAST(target AS BLOB)) + LENGTH(CAST(name AS BLOB))
        + LENGTH(CAST(params AS BLOB))), 0)
    FROM messages WHERE messages.account_id = accounts.id);

-- What is to be known of the database itself, by name.
CREATE TABLE facts (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

-- Whether a secret to view may have every frame of a stream, which can slow its publisher: those of before may not.
ALTER TABLE secrets ADD COLUMN every_frame INTEGER NOT NULL DEFAULT 0;
