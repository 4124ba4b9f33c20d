"""SIRI 2.0 for the simulated city: stops, vehicles and estimated timetables by request; no subscriptions."""
