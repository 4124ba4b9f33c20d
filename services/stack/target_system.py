"""Which system an operator's command acts on: the deployment on AWS, the parts here, or one process here.

`TARGET=aws` and `TARGET=local` choose. Without them it is the running parts, else the one process. A region
without a target may mean AWS: then the command asks on a terminal, and refuses elsewhere.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Literal

import click
from click.core import ParameterSource

from services import settings
from services.access.store_holder import SUFFIX, Holder, read_holder
from services.inputs.load import beside, store_path
from services.stack.local_parts import LocalParts, find_local_parts
from services.stack.store_part import REGION
from storage.errors import StoreUnavailable

UNCLEAR = (
    "AWS_REGION is set, but not which system is meant: TARGET=aws is the deployment in {region}, "
    "TARGET=local is {local}"
)


@dataclass(frozen=True, slots=True)
class TargetSystem:
    """A system, and its description for people. `parts` are those of the kind `parts`."""

    kind: Literal["aws", "parts", "process"]
    words: str
    region: str = REGION
    parts: LocalParts | None = None


def chosen_system(target: str | None, region: str | None, *, url: str | None = None) -> TargetSystem:
    """The system that a command's options mean, printed to stderr. Clients then find parts' services.

    `url` is the API's, if it is given. Raises `UsageError` if it isn't clear which system is meant, and
    `StackProblem`.
    """
    found = _chosen(target, region, url)
    if found.parts is not None:
        settings.use_variables(found.parts.endpoints)
    click.echo(f"On {found.words}:", err=True)
    return found


def _chosen(target: str | None, region: str | None, url: str | None) -> TargetSystem:
    aws = TargetSystem("aws", f"the deployment in {region or REGION}", region or REGION)
    if target == "aws":
        return aws
    endpoint = settings.aws_endpoint()
    parts = find_local_parts()
    is_of_parts = parts is not None and parts.endpoints["AWS_ENDPOINT_URL"] == endpoint
    if url is not None:
        return TargetSystem("process", f"the simulator at {url}")
    if endpoint is not None and not is_of_parts:
        return TargetSystem("aws", f"the AWS services at {endpoint}", region or REGION)
    if target is None and region is not None and not is_of_parts and _means_aws(region, parts):
        return aws
    if parts is not None:
        return TargetSystem("parts", parts.words, parts=parts)
    return TargetSystem("process", one_process())


def _means_aws(region: str, parts: LocalParts | None) -> bool:
    """Whether a region without a target means AWS; asks if the region is ambient or something runs here."""
    local = one_process() if parts is None else parts.words
    said = click.get_current_context().get_parameter_source("region") is ParameterSource.COMMANDLINE
    if said and parts is None and running_process() is None:
        return True
    unclear = UNCLEAR.format(region=region, local=local)
    if not sys.stdin.isatty():
        raise click.UsageError(unclear)
    return str(click.prompt(f"{unclear}\nTARGET", type=click.Choice(["local", "aws"]), err=True)) == "aws"


def running_process() -> Holder | None:
    """The process that holds the default store, None without one."""
    try:
        return read_holder(beside(settings.default_store(), SUFFIX))
    except StoreUnavailable:
        return None


def one_process() -> str:
    """A description of the simulator in one process: its address, else its store."""
    holder = running_process()
    place = store_path(settings.default_store()) if holder is None else holder.url
    return f"the simulator in one process ({place}{', not running' if holder is None else ''})"
