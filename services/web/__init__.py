"""HTTP and WebSocket: routes, gate, OpenAPI, pages, uvicorn; queries and bodies are in `services.queries`."""
