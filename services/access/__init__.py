"""Who may ask and how often: keys, groups, rate limits, hosts, and who holds a store; no transport."""
