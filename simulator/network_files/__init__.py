"""Network files (YAML, timetable and shape tables) as a `Network`; GTFS feeds have a room of their own."""
