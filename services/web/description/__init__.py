"""What OpenAPI says of a REST operation: its parts, and the tables of some rooms' operations."""
