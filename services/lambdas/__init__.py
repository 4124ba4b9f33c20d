"""The Lambda functions behind API Gateway; they import no NumPy, Arrow, DuckDB or SimPy."""
