"""MCP: tools, resources and their HTTP transports; the queries behind them are in `services.queries`."""
