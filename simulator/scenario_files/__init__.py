"""Scenario files as a `Scenario`; how its disruptions act on a day is in `simulator.day`."""
