"""MCP: tools, resources and their transports; the queries behind them are in `services.queries`."""
