"""What passengers ask of an operator: arrivals, timetables, trips, rides; no transport."""
