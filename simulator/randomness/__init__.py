"""Random numbers by key: the same (seed, purpose, entity, date) always gives the same numbers."""
