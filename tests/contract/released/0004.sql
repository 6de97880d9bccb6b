PRAGMA auto_vacuum = INCREMENTAL;
BEGIN TRANSACTION;
CREATE TABLE accounts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    generation INTEGER NOT NULL DEFAULT 1,      -- counts changes of the password
    last_stamp TEXT NOT NULL DEFAULT ''         -- of all messages and records ever, deleted ones too
, disabled INTEGER NOT NULL DEFAULT 0, message_count INTEGER NOT NULL DEFAULT 0, record_count INTEGER NOT NULL DEFAULT 0, record_bytes INTEGER NOT NULL DEFAULT 0, message_bytes INTEGER NOT NULL DEFAULT 0);
INSERT INTO "accounts" VALUES(1,'home','hash of home',1,'2026-01-02 03:04:05.000012',0,2,2,262168,40);
INSERT INTO "accounts" VALUES(2,'żółć','hash of another',1,'',0,0,0,0,0);
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
INSERT INTO "clock" VALUES(1,1767323045000000,0,1767323045000000,NULL,1767323045000000,-9,NULL,'2026-01-02 03:04:05.000009');
CREATE TABLE "devices" (
    account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    device TEXT NOT NULL,
    meta TEXT NOT NULL,
    active INTEGER NOT NULL,
    secret_id INTEGER REFERENCES secrets (id) ON DELETE CASCADE,
    PRIMARY KEY (account_id, device)
);
INSERT INTO "devices" VALUES(1,'phone','{"a":1}',1767323045000000,NULL);
CREATE TABLE facts (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);
CREATE TABLE loose_records (
    id INTEGER NOT NULL PRIMARY KEY,
    uploading INTEGER NOT NULL                  -- 0: its parts may go
);
INSERT INTO "loose_records" VALUES(2,0);
CREATE TABLE messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    stamp TEXT NOT NULL,
    sender TEXT NOT NULL,
    target TEXT NOT NULL,                       -- empty: a broadcast
    name TEXT NOT NULL,
    params TEXT NOT NULL                        -- JSON text of an object or an array
, stored INTEGER NOT NULL DEFAULT 0);
INSERT INTO "messages" VALUES(1,1,'2026-01-02 03:04:05.000001','camera','','to all','{"n":1}',1767323045000001);
INSERT INTO "messages" VALUES(2,1,'2026-01-02 03:04:05.000002','camera','phone','to phone','[]',1767323045000001);
CREATE TABLE quotas (
    account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (account_id, kind)
);
INSERT INTO "quotas" VALUES(1,'records',50);
CREATE TABLE record_parts (
    record_id INTEGER NOT NULL,
    part INTEGER NOT NULL,                      -- from 0; parts of 256 KiB, the last one shorter
    data BLOB NOT NULL,
    PRIMARY KEY (record_id, part)
);
INSERT INTO "record_parts" VALUES(1,0,X'612070696374757265');
INSERT INTO "record_parts" VALUES(2,0,X'676F6E65');
INSERT INTO "record_parts" VALUES(3,0,ZEROBLOB(262144));
INSERT INTO "record_parts" VALUES(3,1,X'746865207365636F6E642070617274');
CREATE TABLE records (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    stamp TEXT NOT NULL,
    device TEXT NOT NULL,
    meta TEXT NOT NULL,
    size INTEGER                                -- bytes; NULL: no data
, type TEXT, stored INTEGER NOT NULL DEFAULT 0);
INSERT INTO "records" VALUES(1,1,'2026-01-02 03:04:05.000010','camera','meta 1',9,'application/octet-stream',1767323045000010);
INSERT INTO "records" VALUES(3,1,'2026-01-02 03:04:05.000012','camera','meta 3',262159,'application/octet-stream',1767323045000012);
CREATE TABLE revoked_sessions (
    digest TEXT NOT NULL PRIMARY KEY            -- of a session that the server, if it runs, has still to end
);
INSERT INTO "revoked_sessions" VALUES('digest of a session');
CREATE TABLE runs (
    began INTEGER PRIMARY KEY,                  -- a running time
    wall_offset INTEGER NOT NULL                -- wall time minus running time
);
INSERT INTO "runs" VALUES(1767323045000000,0);
CREATE TABLE secrets (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    label TEXT NOT NULL,
    digest TEXT NOT NULL UNIQUE,                -- SHA-256 of the secret, hex
    role TEXT NOT NULL,                         -- 'publish' or 'view'
    devices TEXT NOT NULL, every_frame INTEGER NOT NULL DEFAULT 0,                      -- JSON array of names; an empty one is all devices
    UNIQUE (account_id, label)
);
INSERT INTO "secrets" VALUES(1,1,'gate','digest of a secret','publish','["camera"]',0);
INSERT INTO "secrets" VALUES(2,1,'recorder','digest of another secret','view','[]',1);
CREATE TABLE sessions (
    digest TEXT NOT NULL PRIMARY KEY,           -- SHA-256 of the token, hex
    account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    device TEXT NOT NULL,
    meta TEXT NOT NULL,
    address TEXT NOT NULL,
    active REAL NOT NULL,                       -- seconds since the epoch
    requests INTEGER NOT NULL,
    given TEXT                                  -- newest stamp that was given; NULL: asked for nothing yet
, secret_id INTEGER REFERENCES secrets (id) ON DELETE CASCADE);
INSERT INTO "sessions" VALUES('digest',1,'phone','{"a":1}','192.0.2.1',12500000.0,34,'2026-01-02 03:04:05.000002',NULL);
CREATE TABLE settings (
    account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    kind INTEGER NOT NULL,
    value REAL NOT NULL,
    PRIMARY KEY (account_id, kind)
);
INSERT INTO "settings" VALUES(1,1,7.0);
INSERT INTO "settings" VALUES(1,4,200.0);
CREATE TABLE "shares" (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    device TEXT NOT NULL,
    digest TEXT NOT NULL UNIQUE,                -- SHA-256 of the token in the link, hex
    stored INTEGER NOT NULL,
    lasts INTEGER NOT NULL
);
INSERT INTO "shares" VALUES(1,1,'camera','digest of a link',1767323045000000,251603539200000000);
CREATE TABLE sync_marks (
    account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    device TEXT NOT NULL,
    stamp TEXT NOT NULL,
    settling TEXT NOT NULL DEFAULT '',          -- where the mark stood at settling_since
    settling_since REAL NOT NULL DEFAULT 0,
    settled TEXT NOT NULL DEFAULT '',           -- where it stood at least the grace ago
    PRIMARY KEY (account_id, device)
);
INSERT INTO "sync_marks" VALUES(1,'phone','2026-01-02 03:04:05.000001','',0.0,'');
CREATE INDEX sessions_by_account ON sessions (account_id);
CREATE INDEX messages_by_stamp ON messages (account_id, stamp);
CREATE INDEX messages_by_target ON messages (account_id, target, stamp);
CREATE INDEX records_by_stamp ON records (account_id, stamp);
CREATE INDEX sessions_by_secret ON sessions (secret_id);
CREATE INDEX records_by_device ON records (account_id, device, stamp);
CREATE INDEX messages_by_sender ON messages (account_id, sender, target, stamp);
CREATE INDEX messages_by_age ON messages (account_id, stored, stamp);
CREATE INDEX records_by_age ON records (account_id, stored, stamp);
CREATE INDEX devices_by_active ON devices (account_id, active, device);
CREATE INDEX devices_by_secret ON devices (secret_id, active, device);
CREATE INDEX shares_by_account ON shares (account_id);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('shares',1);
INSERT INTO "sqlite_sequence" VALUES('accounts',2);
INSERT INTO "sqlite_sequence" VALUES('messages',2);
INSERT INTO "sqlite_sequence" VALUES('records',3);
INSERT INTO "sqlite_sequence" VALUES('secrets',2);
COMMIT;
PRAGMA user_version = 4;
