"""moto's server, with the call that the provider makes after it has created a target of autoscaling."""

from __future__ import annotations

import json
import sys

from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse
from moto.server import main


def no_tags(_: ApplicationAutoScalingResponse) -> str:
    """The tags of a scalable target; moto lacks the operation."""
    return json.dumps({"Tags": {}})


if __name__ == "__main__":
    ApplicationAutoScalingResponse.list_tags_for_resource = no_tags  # type: ignore[attr-defined] # moto lacks it
    main(sys.argv[1:])
