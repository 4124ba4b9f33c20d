"""`scripts/load_config.py --file F [--target aws --region R]`: upload a network for all parts.

A network with mistakes is not uploaded; all mistakes are reported. The running parts load the new network and
switch to it at the next full hour.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import click

from services import settings
from services.aws.compiled_network import dump
from services.console.work_progress import work_progress
from services.errors import InputError
from services.feeds.emt.service_hours import all_hours
from services.inputs.load import load_inputs
from services.operate.aws_problems import call_aws
from services.operate.operator_command import OperatorCommand, target_option, target_region_option
from services.operate.resource_names import LINES_YAML, NETWORK_JSON, bucket
from services.stack.target_system import chosen_system
from storage.aws_clients import client

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

ONE_PROCESS = "one process reads its network when it starts: edit the file and start `make run` again"
CONTENT_TYPES = {LINES_YAML: "application/yaml", NETWORK_JSON: "application/json"}
"""As in terraform/modules/config."""


@click.command(cls=OperatorCommand)
@click.option("--file", "path", type=click.Path(path_type=Path), show_default="data/lines.yaml",
              help="The network file (YAML).")  # fmt: skip
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="The --seed of the parts.")
@click.option("--scenario", default=None, metavar="NAME|FILE", help="The --scenario of the parts.")
@target_option
@target_region_option
def main(
    *, path: Path | None, seed: int, scenario: str | None, target: str | None, region: str | None
) -> None:
    """Check a network file and upload it for the parts, also compiled for the Lambda functions."""
    system = chosen_system(target, region)
    if system.kind == "process":
        raise InputError(ONE_PROCESS)
    path = path or settings.default_network()
    if path.suffix not in (".yaml", ".yml"):
        raise click.UsageError(f"{path} is not a YAML file, which {LINES_YAML} has to be")
    with work_progress() as progress:
        inputs = load_inputs(path, seed, scenario, progress)
    account = call_aws(client("sts", region=system.region).get_caller_identity, "the account")["Account"]
    s3, name = client("s3", region=system.region), bucket(account)
    contents = {
        NETWORK_JSON: dump(inputs.network, inputs.run, all_hours(inputs.network), inputs.scenario),
        LINES_YAML: path.read_bytes(),
    }
    for key, content in contents.items():
        replace_object(s3, ConfigObject(name, key, CONTENT_TYPES[key]), content)
    lines, stops = len(inputs.network.lines), len(inputs.network.stops)
    click.echo(f"{path}: {lines} lines, {stops} stops, in s3://{name}.")
    click.echo("The parts switch to it at the next full hour, without a restart.")


@dataclass(frozen=True, slots=True)
class ConfigObject:
    """An object of the configuration bucket, and its content type, as Terraform has made it."""

    bucket: str
    key: str
    content_type: str


def replace_object(s3: S3Client, target: ConfigObject, content: bytes) -> None:
    """Replace an object's content and keep its type and tags, so that Terraform doesn't revert it.

    Raises `AwsProblem`.
    """
    bucket, key = target.bucket, target.key
    place, tags = f"s3://{bucket}/{key}", ""
    if call_aws(partial(s3.list_objects_v2, Bucket=bucket, Prefix=key), place).get("Contents"):
        found = call_aws(partial(s3.get_object_tagging, Bucket=bucket, Key=key), f"the tags of {place}")
        tags = urlencode({each["Key"]: each["Value"] for each in found["TagSet"]})
    kind = target.content_type
    put = partial(s3.put_object, Bucket=bucket, Key=key, Body=content, ContentType=kind, Tagging=tags)
    call_aws(put, f"writing {place}")


if __name__ == "__main__":
    main()
