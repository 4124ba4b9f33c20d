"""Queries as functions of store, network and parameters, and their JSON bodies; no transport."""
