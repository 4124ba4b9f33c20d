"""API keys, groups, rate limits, allowed hosts, and the process that holds a store; no transport."""
