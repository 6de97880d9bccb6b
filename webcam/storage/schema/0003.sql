-- Devices that were there once, links by which a stream is shared, what kind of data a record has, and the orders in which
-- a browser looks at records and messages.

CREATE TABLE devices (
    account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    device TEXT NOT NULL,
    meta TEXT NOT NULL,
    seen TEXT NOT NULL,                         -- a stamp
    PRIMARY KEY (account_id, device)
);
CREATE INDEX devices_by_seen ON devices (account_id, seen, device);

CREATE TABLE shares (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    device TEXT NOT NULL,
    digest TEXT NOT NULL UNIQUE,                -- SHA-256 of the token in the link, hex
    made TEXT NOT NULL,                         -- stamps
    until TEXT NOT NULL
);
CREATE INDEX shares_by_account ON shares (account_id, until);
CREATE INDEX shares_by_end ON shares (until);

ALTER TABLE records ADD COLUMN type TEXT;       -- a content type; NULL: stored before this column was there
CREATE INDEX records_by_device ON records (account_id, device, stamp);
CREATE INDEX messages_by_sender ON messages (account_id, sender, target, stamp);
