"""The network that an exported feed carries: its file, and a network folder made of it."""
