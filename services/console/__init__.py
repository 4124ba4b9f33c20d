"""What a person sees on the terminal: greeting, status line, progress of long work; logs are in `logs`."""
