"""How a scenario changes a line-day: demand, trips, strikes, and what its earlier revisions fixed."""
