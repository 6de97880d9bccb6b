"""unit: pure. contract: every store. edge: in-memory transports. integration: a real twistd. end_to_end: by pytest."""
