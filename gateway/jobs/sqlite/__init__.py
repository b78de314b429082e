"""Jobs in one SQLite file, for the workers of a host."""
