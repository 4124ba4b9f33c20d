"""Timestream's SQL, a dialect of Trino's, compiled to DuckDB's; nothing is executed here."""
