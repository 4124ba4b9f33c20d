"""Functions in Python of the DuckDB connection, and nothing of how queries run."""
