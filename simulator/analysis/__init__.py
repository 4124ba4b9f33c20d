"""Measures of service quality and realism of simulated days; charts and reports: `services.reports`."""
