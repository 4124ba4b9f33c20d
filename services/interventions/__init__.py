"""Disruptions made while the city runs, and their journal; `simulator.journal` has their vocabulary."""
