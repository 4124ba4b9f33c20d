"""Limits of requests that several processes share: each client's use is an item in a DynamoDB table.

A process counts by itself and adds its count to the item after every `CREDIT` requests of a client, so most
requests wait for nothing. Requests are admitted before they are added, so a client's tokens may be below
zero in the table: it then waits until they have come back. Over any time T all processes together admit at
most `burst + rate × T + CREDIT × processes` requests of a client, and in the long run exactly its rate.

A client is a key and a group: a team's own key names one group only, the general key any group.
"""

from __future__ import annotations

import logging
import math
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import TYPE_CHECKING, Final, cast

from botocore.exceptions import BotoCoreError, ClientError

from services.access.authentication import Caller
from services.access.rate_limits import DAY_S, WALL_S, Limits, Use
from services.aws.connection_items import Item
from storage.timestream_errors import code_of, summary_of

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient
    from types_boto3_dynamodb.type_defs import (
        AttributeValueTypeDef,
        CreateTableInputTypeDef,
        UpdateItemInputTypeDef,
    )

log = logging.getLogger("bus_simulator.limits")

CREDIT = 5
"""How many requests of a client a process admits before it adds them to the table."""
ATTEMPTS = 4
"""How often an addition is tried when another process changes the same item first; the rest waits."""
KEPT_DAYS = 2
"""How many days after its last change an item expires."""
OUTAGE_S = 5.0
"""How long a process counts by itself after the table couldn't be reached."""
MOST_CLIENTS = 10_000
"""How many clients a process remembers; of more it forgets the one that it has not heard of the longest."""
CHANGED_FIRST: Final = "ConditionalCheckFailedException"


@dataclass(frozen=True, slots=True)
class StoredUse:
    """A client's use in the table. A higher `revision` is newer; 0 means that there is no item.

    `addition` is the id of the last addition.
    """

    use: Use
    revision: int = 0
    addition: str = ""


@dataclass(frozen=True, slots=True)
class Addition:
    """Requests on their way to the table. The id tells whether an addition without an answer has arrived."""

    requests: int
    id: str = field(default_factory=lambda: secrets.token_hex(8))


class UseTable:
    """The table of clients' uses. Lets boto3's errors pass."""

    def __init__(self, client: DynamoDBClient, name: str) -> None:
        self._client, self._name = client, name

    def read(self, caller: Caller, limits: Limits, now_s: float) -> StoredUse:
        """A client's use as stored."""
        found = self._client.get_item(TableName=self._name, Key=_key_of(caller), ConsistentRead=True)
        return _stored_in(found.get("Item"), limits, now_s)

    def add(
        self, caller: Caller, addition: Addition, limits: Limits, known: StoredUse, now_s: float
    ) -> StoredUse:
        """Add requests to a client's use and return it. Raises `TimeoutError` after `ATTEMPTS`.

        `known` is the last that this process saw. If it is old, DynamoDB refuses the write and returns the
        item as it is. That has the requests already if this addition was its last one, whose answer was lost;
        otherwise they are added to it. They count twice only if another process has written in between.
        """
        requests = addition.requests
        for _ in range(ATTEMPTS):
            wanted = replace(known.use)
            # Clocks of several machines differ a little. Only the latest counts, or they would add tokens.
            wanted.refill(limits, max(now_s, known.use.seen_s))
            wanted.add(requests)
            if requests > CREDIT:
                # Many requests that are added at once after an outage don't lock a client out for long.
                wanted.tokens = max(wanted.tokens, min(known.use.tokens, -limits.burst))
            try:
                self._client.update_item(**self._update(caller, wanted, known.revision, addition.id))
            except ClientError as error:
                if code_of(error) != CHANGED_FIRST:
                    raise
                # botocore's stubs don't have the fields of single errors.
                item = cast("Item | None", error.response.get("Item"))
                known = _stored_in(item, limits, now_s)
                if known.addition == addition.id:
                    return known
            else:
                return StoredUse(wanted, known.revision + 1, addition.id)
        raise TimeoutError("other processes change the same item all the time")

    def _update(self, caller: Caller, use: Use, revision: int, addition_id: str) -> UpdateItemInputTypeDef:
        unchanged = "revision = :seen" if revision else "attribute_not_exists(revision)"
        values: dict[str, AttributeValueTypeDef] = {
            ":tokens": {"N": f"{use.tokens:.6f}"},
            ":at": {"N": f"{use.seen_s:.6f}"},
            ":day": {"N": str(use.day)},
            ":today": {"N": str(use.today)},
            ":next": {"N": str(revision + 1)},
            ":ttl": {"N": str((use.day + KEPT_DAYS) * DAY_S)},
            ":addition": {"S": addition_id},
            **({":seen": {"N": str(revision)}} if revision else {}),
        }
        return {
            "TableName": self._name,
            "Key": _key_of(caller),
            "UpdateExpression": "SET tokens = :tokens, seen_s = :at, utc_day = :day, today = :today, "
            "revision = :next, addition = :addition, #ttl = :ttl",
            "ConditionExpression": unchanged,
            "ExpressionAttributeNames": {"#ttl": "ttl"},
            "ExpressionAttributeValues": values,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }


def _key_of(caller: Caller) -> Item:
    return {"key_name": {"S": caller.key_name}, "group_name": {"S": caller.group}}


def _stored_in(item: Item | None, limits: Limits, now_s: float) -> StoredUse:
    """The use in an item; a client without one has used nothing."""
    if item is None:
        return StoredUse(Use.unused(limits, now_s))
    number = {name: float(item[name]["N"]) for name in ("tokens", "seen_s", "utc_day", "today", "revision")}
    use = Use(number["tokens"], number["seen_s"], int(number["utc_day"]), int(number["today"]))
    return StoredUse(use, int(number["revision"]), item.get("addition", {"S": ""})["S"])


@dataclass(slots=True)
class Account:
    """What a process knows of a client: the item it saw last, and its requests that are not in it yet.

    Of these, an addition without an answer may be in the item, or not.
    """

    stored: StoredUse
    use: Use
    owed: int = 0
    is_new: bool = True
    in_doubt: Addition | None = None


class SharedMeter:
    """A `RequestMeter` whose counts several processes share.

    While the table can't be reached every process applies the limits by itself: an outage of the counts isn't
    an outage of the service.
    """

    def __init__(self, table: UseTable, limits: Limits, *, wall_s: Callable[[], float] = WALL_S) -> None:
        self._table, self._limits, self._wall_s = table, limits, wall_s
        self._accounts: OrderedDict[Caller, Account] = OrderedDict()
        self._alone_until_s = -math.inf
        self._lock = Lock()

    def count(self, caller: Caller) -> None:
        """See `RequestMeter`. A client's first request, and every one after `CREDIT`, waits for the table."""
        with self._lock:
            now_s = self._wall_s()
            account = self._account_of(caller, now_s)
            if now_s >= self._alone_until_s and (account.is_new or account.owed >= CREDIT):
                self._settle(caller, account, now_s)
            account.use.refill(self._limits, now_s)
            account.use.check(self._limits)
            account.use.add(1)
            account.owed += 1

    def used_today(self, caller: Caller) -> int:
        """See `RequestMeter`; as far as this process knows."""
        with self._lock:
            account = self._account_of(caller, self._wall_s())
            account.use.refill(self._limits, self._wall_s())
            return account.use.today

    def _account_of(self, caller: Caller, now_s: float) -> Account:
        account = self._accounts.get(caller)
        if account is None:
            unused = Use.unused(self._limits, now_s)
            account = self._accounts[caller] = Account(StoredUse(unused), replace(unused))
            if len(self._accounts) > MOST_CLIENTS:
                self._accounts.popitem(last=False)
        self._accounts.move_to_end(caller)
        return account

    def _settle(self, caller: Caller, account: Account, now_s: float) -> None:
        """Add what a client owes to the table, and take over what other processes have added."""
        try:
            if account.owed:
                self._add_owed(caller, account, now_s)
            else:
                account.stored = self._table.read(caller, self._limits, now_s)
        except (BotoCoreError, ClientError) as error:
            log.warning("limits count alone for %g s: %s", OUTAGE_S, summary_of(error))
            self._alone_until_s = now_s + OUTAGE_S
        except TimeoutError as error:
            log.warning("use of group %s not added yet: %s", caller.group, error)
        else:
            account.use, account.is_new = replace(account.stored.use), False

    def _add_owed(self, caller: Caller, account: Account, now_s: float) -> None:
        """Add what a client owes: first the addition that got no answer, then the requests since."""
        while account.owed:
            addition = account.in_doubt or Addition(account.owed)
            account.in_doubt = addition
            account.stored = self._table.add(caller, addition, self._limits, account.stored, now_s)
            account.owed, account.in_doubt = account.owed - addition.requests, None


def use_table_definition(name: str) -> CreateTableInputTypeDef:
    """The arguments of `CreateTable`. The time to live (`ttl`) needs another call."""
    names = ("key_name", "group_name")
    return {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": each, "AttributeType": "S"} for each in names],
        "KeySchema": [
            {"AttributeName": "key_name", "KeyType": "HASH"},
            {"AttributeName": "group_name", "KeyType": "RANGE"},
        ],
    }
