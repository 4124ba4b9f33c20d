"""HTTP and WebSocket: routes, gate, OpenAPI, pages, uvicorn; the answers are made in `services.queries`."""
