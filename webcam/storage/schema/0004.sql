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
