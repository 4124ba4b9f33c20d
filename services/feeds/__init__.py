"""GTFS feeds as agencies publish them: validation; importing them is in `simulator.gtfs`."""
