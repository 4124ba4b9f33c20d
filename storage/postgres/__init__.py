"""The PostgreSQL backend: `store` is the `Store`, `sql` has its statements, `rows` converts rows."""
