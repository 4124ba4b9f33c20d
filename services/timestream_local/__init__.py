"""A local endpoint that speaks Timestream's wire protocol over DuckDB; the client of any Timestream is in
`storage`.
"""
