"""Scheduled queries: their schedules, the records that their results become, and their runs."""
