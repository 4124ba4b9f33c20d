"""Uvicorn for this program: servers, its HTTP and WebSocket protocols; no routes."""
