"""How responses are written: formats of records, compression, entity tags, time zones; no routes."""
