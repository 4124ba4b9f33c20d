"""A network as a static GTFS feed: tables, zip and the route that serves it; no realtime messages."""
