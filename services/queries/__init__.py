"""The use cases as functions of store, network and parameters, with their bodies; no transport."""
