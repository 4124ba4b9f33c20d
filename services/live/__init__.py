"""Publishing new positions to subscribers; the WebSocket connections themselves are in `services.web`."""
