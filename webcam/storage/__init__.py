"""The only home of SQL: the SQLite store, and its schema."""
