"""Running queries: their pages, timeouts and tokens, and the statements SHOW and DESCRIBE."""
