"""The API's operations by name. Each turns the body of a request into the body of a response."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from services.timestream_local.account_operations import AccountOperations
from services.timestream_local.batch_load.operations import BatchLoadOperations
from services.timestream_local.catalog import REGION
from services.timestream_local.database_operations import DatabaseOperations
from services.timestream_local.errors import ThrottlingException, UnknownOperationException
from services.timestream_local.query_operations import QueryOperations
from services.timestream_local.record_operations import RecordOperations
from services.timestream_local.running.client_arns import ClientArns
from services.timestream_local.scheduled_query_operations import ScheduledQueryOperations
from services.timestream_local.state import Body, EndpointState, Response
from services.timestream_local.table_operations import TableOperations
from services.timestream_local.tag_operations import TagOperations

WITHOUT_ARNS = ("WriteRecords", "Query", "DescribeEndpoints")
"""Operations whose bodies have no ARNs of the endpoint's."""


class Operations:
    """Calls operations by name. They raise `AwsError`."""

    def __init__(self, state: EndpointState) -> None:
        databases, tables, tags = DatabaseOperations(state), TableOperations(state), TagOperations(state)
        records, queries, account = RecordOperations(state), QueryOperations(state), AccountOperations()
        scheduled, loads = ScheduledQueryOperations(state), BatchLoadOperations(state)
        self._throttled, self._due = state.options.throttled, 0.0
        self._account = state.options.account
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
            "PrepareQuery": queries.prepare_query,
            "CreateScheduledQuery": scheduled.create,
            "DescribeScheduledQuery": scheduled.describe,
            "ListScheduledQueries": scheduled.list_all,
            "UpdateScheduledQuery": scheduled.update,
            "DeleteScheduledQuery": scheduled.delete,
            "ExecuteScheduledQuery": scheduled.execute,
            "CreateBatchLoadTask": loads.create,
            "DescribeBatchLoadTask": loads.describe,
            "ListBatchLoadTasks": loads.list_all,
            "ResumeBatchLoadTask": loads.resume,
            "DescribeAccountSettings": account.describe,
            "UpdateAccountSettings": account.update,
            "ListTagsForResource": tags.list_tags,
            "TagResource": tags.tag_resource,
            "UntagResource": tags.untag_resource,
        }

    async def answer(self, name: str, body: Body, address: str, region: str = REGION) -> Response:
        """Call an operation; return its response body.

        `address` is the endpoint's for this client, `region` that of the client.
        """
        if name != "DescribeEndpoints":
            self._throttle()
        operation = self._by_name.get(name)
        if operation is not None and name in WITHOUT_ARNS:
            return await operation(body, address)
        if operation is not None:
            arns = ClientArns(region, self._account)
            return arns.outside(await operation(arns.inside(body), address))
        raise UnknownOperationException(f"Unknown operation: {name[:64]}")

    def _throttle(self) -> None:
        """Refuse the share of requests that is to be throttled, evenly: 0.25 is every fourth."""
        self._due += self._throttled
        if self._due >= 1.0:
            self._due -= 1.0
            raise ThrottlingException("Rate exceeded")


async def describe_endpoints(_body: Body, address: str) -> Response:
    """The endpoint's address."""
    return {"Endpoints": [{"Address": address, "CachePeriodInMinutes": 1440}]}
