"""An AWS account before and after a deployment: what it can do, and what was left in it."""
