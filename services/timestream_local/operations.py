"""The API's operations by name. Each turns the body of a request into the body of a response."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from services.timestream_local.database_operations import DatabaseOperations
from services.timestream_local.errors import UnknownOperationException, ValidationException
from services.timestream_local.query_operations import QueryOperations
from services.timestream_local.record_operations import RecordOperations
from services.timestream_local.state import Body, EndpointState, Response
from services.timestream_local.table_operations import TableOperations
from services.timestream_local.tag_operations import TagOperations

NOT_HERE = (
    "CreateBatchLoadTask",
    "DescribeBatchLoadTask",
    "ListBatchLoadTasks",
    "ResumeBatchLoadTask",
    "CreateScheduledQuery",
    "DeleteScheduledQuery",
    "DescribeScheduledQuery",
    "ExecuteScheduledQuery",
    "ListScheduledQueries",
    "UpdateScheduledQuery",
    "PrepareQuery",
    "DescribeAccountSettings",
    "UpdateAccountSettings",
)
"""Operations of the API that this endpoint doesn't support."""


class Operations:
    """Calls operations by name. They raise `AwsError`."""

    def __init__(self, state: EndpointState) -> None:
        databases, tables, tags = DatabaseOperations(state), TableOperations(state), TagOperations(state)
        records, queries = RecordOperations(state), QueryOperations(state)
        self._by_name: dict[str, Callable[[Body, str], Awaitable[Response]]] = {
            "DescribeEndpoints": describe_endpoints,
            "CreateDatabase": databases.create_database,
            "DescribeDatabase": databases.describe_database,
            "ListDatabases": databases.list_databases,
            "UpdateDatabase": databases.update_database,
            "DeleteDatabase": databases.delete_database,
            "CreateTable": tables.create_table,
            "DescribeTable": tables.describe_table,
            "ListTables": tables.list_tables,
            "UpdateTable": tables.update_table,
            "DeleteTable": tables.delete_table,
            "WriteRecords": records.write_records,
            "Query": queries.query,
            "CancelQuery": queries.cancel_query,
            "ListTagsForResource": tags.list_tags,
            "TagResource": tags.tag_resource,
            "UntagResource": tags.untag_resource,
        }

    async def answer(self, name: str, body: Body, host: str) -> Response:
        """Call an operation; return its response body. `host` is the request's Host header."""
        operation = self._by_name.get(name)
        if operation is not None:
            return await operation(body, host)
        if name in NOT_HERE:
            raise ValidationException(f"{name} is not supported by this endpoint")
        raise UnknownOperationException(f"Unknown operation: {name[:64]}")


async def describe_endpoints(_body: Body, host: str) -> Response:
    """The endpoint's address. It includes the scheme, since clients use HTTPS for an address without one."""
    return {"Endpoints": [{"Address": f"http://{host}", "CachePeriodInMinutes": 1440}]}
