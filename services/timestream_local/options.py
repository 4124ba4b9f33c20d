"""How the endpoint behaves where AWS is less kind, and the S3 that it uses."""

from __future__ import annotations

from dataclasses import dataclass, replace

from services.timestream_local.catalog import ACCOUNT

REGION = "eu-west-1"
"""The region of S3's client; its endpoint decides where requests go."""
AWS = "aws"
"""The S3 endpoint that means S3 itself."""
THROTTLED, VISIBLE_AFTER_S = 0.05, 1.0
"""What `--like-aws` means where an option has a number."""


@dataclass(frozen=True, slots=True)
class EndpointOptions:
    """The defaults are the kindest behaviour. `throttled` is the share of requests that are throttled.

    What is written becomes visible to queries `visible_after_s` later.
    `s3_endpoint` is a URL, `aws` for S3 itself, or None without any. `account` is the account in ARNs.
    """

    s3_endpoint: str | None = None
    empty_first_page: bool = False
    throttled: float = 0.0
    strict_limits: bool = False
    visible_after_s: float = 0.0
    account: str = ACCOUNT

    def like_aws(self) -> EndpointOptions:
        """With everything that AWS may do to a client; one request in twenty is throttled."""
        return replace(
            self,
            empty_first_page=True,
            throttled=self.throttled or THROTTLED,
            strict_limits=True,
            visible_after_s=self.visible_after_s or VISIBLE_AFTER_S,
        )
