"""What a scenario says: its entries, when they apply, and what they change of a line-day. Reads no files."""
