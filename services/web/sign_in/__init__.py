"""Who sends a request: by key and group, or by the cookie of a browser that has signed in; and signing in."""
