"""What is read from the tokens of a query before it is parsed: checks, and the parts of UNLOAD."""
