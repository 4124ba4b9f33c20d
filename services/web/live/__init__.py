"""`GET /live`: Server-Sent Events; the WebSocket is in `services.web.websocket`."""
