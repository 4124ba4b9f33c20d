"""New positions to subscribers, without a transport; WebSocket connections are in `services.web`."""
