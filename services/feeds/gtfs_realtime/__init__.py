"""GTFS-Realtime: the newest tick of a city and its feeds, which `messages` writes; not the static feed."""
