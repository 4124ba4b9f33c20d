"""Connections and their lines in DynamoDB."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from services.aws.connections import (
    LIFETIME_S,
    ConnectionTables,
    LineChange,
    Subscriber,
    UnknownConnection,
)
from services.settings import CONNECTIONS_TABLE, SUBSCRIPTIONS_TABLE
from tests.services.aws.fake_aws import ClientDouble
from tests.services.aws.tables import HandWatch, OneAtATime, made_tables

pytestmark = pytest.mark.usefixtures("aws")


@pytest.fixture
def watch() -> HandWatch:
    return HandWatch()


@pytest.fixture
def tables(aws: None, watch: HandWatch) -> tuple[ConnectionTables, Any]:
    return made_tables(watch)


def test_a_new_connection_has_no_lines_and_the_attributes_of_the_contract(
    tables: tuple[ConnectionTables, Any],
) -> None:
    connections, dynamodb = tables
    connections.connect("c1", "team-alpha")
    assert connections.lines_of("c1") == []
    (item,) = dynamodb.scan(TableName=CONNECTIONS_TABLE)["Items"]
    assert item == {
        "connection_id": {"S": "c1"},
        "group_name": {"S": "team-alpha"},
        "connected_at": {"S": "2026-03-02T07:30:10Z"},
        "subscribed_lines": {"L": []},
        "revision": {"N": "0"},
        "ttl": {"N": "1772444410"},
    }


def test_lines_are_added_and_removed_and_subscribers_found_by_line(
    tables: tuple[ConnectionTables, Any],
) -> None:
    connections, dynamodb = tables
    connections.connect("c1", "a")
    connections.connect("c2", "b")
    assert connections.add_lines("c1", ("L2", "L1"), batch=False) == LineChange([], ["L1", "L2"])
    assert connections.add_lines("c2", ("L1",), batch=True) == LineChange([], ["L1"])
    assert connections.add_lines("c1", ("L3", "L1"), batch=True) == LineChange(
        ["L1", "L2"], ["L1", "L2", "L3"]
    )
    assert connections.lines_of("c1") == ["L1", "L2", "L3"]
    assert connections.connections_of("L1") == [Subscriber("c1", batch=True), Subscriber("c2", batch=True)]
    assert connections.connections_of("L2") == [Subscriber("c1", batch=False)]
    assert connections.connections_of("L9") == []
    assert connections.remove_lines("c1", ("L1", "L9")) == LineChange(["L1", "L2", "L3"], ["L2", "L3"])
    assert connections.connections_of("L1") == [Subscriber("c2", batch=True)]
    for row in dynamodb.scan(TableName=SUBSCRIPTIONS_TABLE)["Items"]:
        assert row["ttl"] == {"N": "1772444410"}


def test_a_deleted_connection_has_no_subscriptions(tables: tuple[ConnectionTables, Any]) -> None:
    connections, dynamodb = tables
    connections.connect("c1", "a")
    connections.add_lines("c1", [f"L{n}" for n in range(50)], batch=False)
    connections.disconnect("c1")
    connections.disconnect("c1")
    assert dynamodb.scan(TableName=CONNECTIONS_TABLE)["Items"] == []
    assert dynamodb.scan(TableName=SUBSCRIPTIONS_TABLE)["Items"] == []


def test_an_unknown_connection_has_no_lines_and_gets_none(tables: tuple[ConnectionTables, Any]) -> None:
    connections, dynamodb = tables
    with pytest.raises(UnknownConnection):
        connections.lines_of("c1")
    with pytest.raises(UnknownConnection):
        connections.add_lines("c1", ("L1",), batch=False)
    with pytest.raises(UnknownConnection):
        connections.remove_lines("c1", ("L1",))
    assert dynamodb.scan(TableName=SUBSCRIPTIONS_TABLE)["Items"] == []


def test_a_change_that_the_check_refuses_is_not_made(tables: tuple[ConnectionTables, Any]) -> None:
    connections, _ = tables
    connections.connect("c1", "a")
    connections.add_lines("c1", ("L1",), batch=False)
    asked: list[Sequence[str]] = []

    def refuse(held: Sequence[str]) -> None:
        asked.append(held)
        raise ValueError("too many")

    with pytest.raises(ValueError, match="too many"):
        connections.add_lines("c1", ("L2",), batch=False, check=refuse)
    assert asked == [["L1"]]
    assert connections.lines_of("c1") == ["L1"]
    assert connections.connections_of("L2") == []


def test_a_group_is_counted_by_its_index(tables: tuple[ConnectionTables, Any]) -> None:
    connections, _ = tables
    for name in ("c1", "c2", "c3"):
        connections.connect(name, "a" if name < "c3" else "b")
    assert [connections.count_of_group(group) for group in ("a", "b", "c")] == [2, 1, 0]
    connections.disconnect("c1")
    assert connections.count_of_group("a") == 1


def test_an_expired_connection_is_gone_even_while_its_item_exists(
    tables: tuple[ConnectionTables, Any], watch: HandWatch
) -> None:
    connections, _ = tables
    connections.connect("c1", "a")
    connections.add_lines("c1", ("L1",), batch=False)
    watch.seconds += LIFETIME_S - 1
    assert connections.connections_of("L1") == [Subscriber("c1", batch=False)]
    assert connections.count_of_group("a") == 1
    watch.seconds += 2
    assert connections.connections_of("L1") == []
    assert connections.count_of_group("a") == 0


class Counting(ClientDouble):
    """A client that counts its calls."""

    def __init__(self, client: Any) -> None:
        self._client, self.asked = client, list[str]()

    def __getattr__(self, name: str) -> Any:
        self.asked.append(name)
        return getattr(self._client, name)


def test_the_subscribers_of_a_line_are_one_query_per_page_and_no_scan(
    tables: tuple[ConnectionTables, Any],
) -> None:
    connections, dynamodb = tables
    for number in range(30):
        connections.connect(f"c{number:02d}", "a")
        connections.add_lines(f"c{number:02d}", ("L1",), batch=False)
    counting = Counting(dynamodb)
    found = ConnectionTables(counting, wall_s=HandWatch()).connections_of("L1")
    assert [each.connection_id for each in found] == [f"c{number:02d}" for number in range(30)]
    assert counting.asked == ["query"]


class InPages(ClientDouble):
    """A client whose queries return pages of two items."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def query(self, **asked: Any) -> Any:
        return self._client.query(**asked, Limit=2)


def test_a_query_of_many_pages_is_read_to_its_end(tables: tuple[ConnectionTables, Any]) -> None:
    connections, dynamodb = tables
    for number in range(5):
        connections.connect(f"c{number}", "a")
        connections.add_lines(f"c{number}", ("L1",), batch=False)
    paged = ConnectionTables(InPages(dynamodb), wall_s=HandWatch())
    assert len(paged.connections_of("L1")) == 5
    assert paged.count_of_group("a") == 5


class Overtaken(ClientDouble):
    """A client whose first changes are preceded by another process's."""

    def __init__(self, client: Any, others: list[Any]) -> None:
        self._client, self._others = client, others

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def transact_write_items(self, **asked: Any) -> Any:
        if self._others:
            self._others.pop(0)()
        return self._client.transact_write_items(**asked)


def test_a_change_after_a_concurrent_one_includes_both(
    tables: tuple[ConnectionTables, Any],
) -> None:
    connections, dynamodb = tables
    connections.connect("c1", "a")
    others = [lambda line=line: connections.add_lines("c1", (line,), batch=False) for line in ("L5", "L6")]
    overtaken = ConnectionTables(Overtaken(dynamodb, others), wall_s=HandWatch())
    assert overtaken.add_lines("c1", ("L1",), batch=False) == LineChange(["L5", "L6"], ["L1", "L5", "L6"])
    late = Overtaken(dynamodb, [lambda: connections.add_lines("c1", ("L7",), batch=False)])
    ConnectionTables(late, wall_s=HandWatch()).disconnect("c1")
    assert dynamodb.scan(TableName=SUBSCRIPTIONS_TABLE)["Items"] == []


def test_a_change_gives_up_after_repeated_conflicts(tables: tuple[ConnectionTables, Any]) -> None:
    connections, dynamodb = tables
    connections.connect("c1", "a")
    others = [lambda n=n: connections.add_lines("c1", (f"L{n}",), batch=False) for n in range(100)]
    with pytest.raises(TimeoutError, match="c1 has too many changes at once"):
        ConnectionTables(Overtaken(dynamodb, others), wall_s=HandWatch()).add_lines(
            "c1", ("M1",), batch=False
        )


def test_a_client_that_disconnects_while_it_subscribes_leaves_no_items(
    tables: tuple[ConnectionTables, Any],
) -> None:
    connections, dynamodb = tables
    connections.connect("c1", "a")
    leaving = Overtaken(dynamodb, [lambda: connections.disconnect("c1")])
    with pytest.raises(UnknownConnection):
        ConnectionTables(leaving, wall_s=HandWatch()).add_lines("c1", ("L1",), batch=False)
    assert dynamodb.scan(TableName=SUBSCRIPTIONS_TABLE)["Items"] == []


def test_both_tables_agree_after_changes_from_many_threads(tables: tuple[ConnectionTables, Any]) -> None:
    _, dynamodb = tables
    connections = ConnectionTables(OneAtATime(dynamodb), wall_s=HandWatch())
    connections.connect("c1", "a")
    start = threading.Barrier(4)

    def change(thread: int) -> None:
        start.wait()
        connections.add_lines("c1", (f"L{thread}", f"M{thread}"), batch=False)
        connections.remove_lines("c1", (f"M{thread}",))

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(change, range(4)))
    rows = dynamodb.scan(TableName=SUBSCRIPTIONS_TABLE)["Items"]
    assert sorted(row["line_id"]["S"] for row in rows) == connections.lines_of("c1")
    assert connections.lines_of("c1") == ["L0", "L1", "L2", "L3"]


def test_other_errors_of_dynamodb_are_raised(tables: tuple[ConnectionTables, Any]) -> None:
    connections, dynamodb = tables
    connections.connect("c1", "a")
    dynamodb.delete_table(TableName=SUBSCRIPTIONS_TABLE)
    with pytest.raises(ClientError):
        connections.add_lines("c1", ("L1",), batch=False)
