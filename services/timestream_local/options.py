"""How the endpoint behaves where AWS is less kind, the S3 that it uses, and who may call it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from hmac import compare_digest

from services.timestream_local.catalog import ACCOUNT
from services.timestream_local.errors import AccessDeniedException, UnrecognizedClientException

REGION = "eu-west-1"
"""The region of S3's client; its endpoint decides where requests go."""
AWS = "aws"
"""The S3 endpoint that means S3 itself."""
THROTTLED, VISIBLE_AFTER_S = 0.05, 1.0
"""What `--like-aws` means where an option has a number."""

ACCESS_KEY_ID = re.compile(r"Credential=([^/,\s]+)/")
READS = ("Query", "CancelQuery", "PrepareQuery")
"""The operations that a reader may call, in addition to those that describe and list."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of an endpoint's clients: the writer may do everything but delete, the reader only read.

    A client sends its token as the id of the access key with which it signs, as every AWS client can. The
    signature itself isn't checked.
    """

    writer: str = field(repr=False)
    reader: str = field(repr=False)

    def check(self, authorization: str, operation: str) -> None:
        """Raise `AwsError` unless the client with this `Authorization` header may call an operation."""
        found = ACCESS_KEY_ID.search(authorization)
        offered = b"" if found is None else found[1].encode()
        may_write = compare_digest(offered, self.writer.encode())
        may_read = compare_digest(offered, self.reader.encode())
        if not may_write and not may_read:
            raise UnrecognizedClientException("The access key id is not a token of this endpoint")
        reads = operation in READS or operation.startswith(("Describe", "List"))
        if operation.startswith("Delete") or not (may_write or reads):
            raise AccessDeniedException(f"This token does not allow {operation[:64]}")


@dataclass(frozen=True, slots=True)
class EndpointOptions:
    """The defaults are the kindest behaviour. `throttled` is the share of requests that are throttled.

    What is written becomes visible to queries `visible_after_s` later.
    `s3_endpoint` is a URL, `aws` for S3 itself, or None without any. `account` is the account in ARNs.
    With `tokens` only clients that have one are served; without them everybody is.
    """

    s3_endpoint: str | None = None
    empty_first_page: bool = False
    throttled: float = 0.0
    strict_limits: bool = False
    visible_after_s: float = 0.0
    account: str = ACCOUNT
    tokens: Tokens | None = None

    def like_aws(self) -> EndpointOptions:
        """With everything that AWS may do to a client; one request in twenty is throttled."""
        return replace(
            self,
            empty_first_page=True,
            throttled=self.throttled or THROTTLED,
            strict_limits=True,
            visible_after_s=self.visible_after_s or VISIBLE_AFTER_S,
        )
