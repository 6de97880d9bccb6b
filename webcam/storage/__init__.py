"""The only home of SQL: the SQLite store, its schema, and a fake in memory held to the same contract."""
