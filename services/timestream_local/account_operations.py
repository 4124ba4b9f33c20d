"""The operations on account settings, which are kept as long as the endpoint runs, and change nothing."""

from __future__ import annotations

from services.timestream_local.errors import ValidationException
from services.timestream_local.request_fields import mapped, optional, within
from services.timestream_local.state import Body, Response

DEFAULT_TCU = 200
MOST_TCU = 1000
PRICING = ("BYTES_SCANNED", "COMPUTE_UNITS")
MODES = ("ON_DEMAND", "PROVISIONED")


class AccountOperations:
    """DescribeAccountSettings and UpdateAccountSettings."""

    def __init__(self) -> None:
        self._settings: dict[str, object] = {
            "MaxQueryTCU": DEFAULT_TCU,
            "QueryPricingModel": "COMPUTE_UNITS",
            "QueryCompute": {"ComputeMode": "ON_DEMAND"},
        }

    async def describe(self, _body: Body, _address: str) -> Response:
        """Return the settings."""
        return self._settings

    async def update(self, body: Body, _address: str) -> Response:
        """Change settings; return all of them."""
        changed: dict[str, object] = {}
        units = within(optional(body, "MaxQueryTCU", int), "MaxQueryTCU", 4, MOST_TCU)
        if units is not None:
            changed["MaxQueryTCU"] = _multiple_of_four(units, "MaxQueryTCU")
        pricing = optional(body, "QueryPricingModel", str)
        if pricing is not None:
            if pricing not in PRICING:
                raise ValidationException(f"QueryPricingModel must be one of {', '.join(PRICING)}")
            if pricing == "BYTES_SCANNED":
                raise ValidationException("An account that pays for compute units can't go back")
            changed["QueryPricingModel"] = pricing
        if mapped(body, "QueryCompute"):
            changed["QueryCompute"] = _compute(mapped(body, "QueryCompute"))
        self._settings = self._settings | changed
        return self._settings


def _compute(wanted: Body) -> Response:
    mode = optional(wanted, "ComputeMode", str) or "ON_DEMAND"
    if mode not in MODES:
        raise ValidationException(f"ComputeMode must be one of {', '.join(MODES)}")
    if mode == "ON_DEMAND":
        return {"ComputeMode": mode}
    capacity = mapped(wanted, "ProvisionedCapacity")
    units = within(optional(capacity, "TargetQueryTCU", int), "TargetQueryTCU", 4, MOST_TCU)
    if units is None:
        raise ValidationException("PROVISIONED needs ProvisionedCapacity with a TargetQueryTCU")
    active = _multiple_of_four(units, "TargetQueryTCU")
    provisioned: dict[str, object] = {
        "ActiveQueryTCU": active,
        "LastUpdate": {"TargetQueryTCU": active, "Status": "SUCCEEDED"},
    }
    notification = mapped(capacity, "NotificationConfiguration")
    if notification:
        provisioned["NotificationConfiguration"] = notification
    return {"ComputeMode": mode, "ProvisionedCapacity": provisioned}


def _multiple_of_four(units: int, name: str) -> int:
    if units % 4:
        raise ValidationException(f"{name} must be a multiple of 4, not {units}")
    return units
