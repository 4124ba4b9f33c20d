"""Making a lake: `generation` divides a span into dates, `date_task` writes one of them in any process."""
