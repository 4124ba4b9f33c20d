"""The pages for people and probes: `/health`, and a list of tables with a form for queries at `/`."""
