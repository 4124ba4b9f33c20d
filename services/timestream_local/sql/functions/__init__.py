"""The functions of the query language: signatures, and SQL that gives the same result in DuckDB."""
