"""`scripts/load_config.py --file F [--target aws --region R]`: a network for all parts, by way of the bucket.

What is wrong with it is said, all of it, and nothing is uploaded. The parts take it up by themselves and go
on with it from the next whole hour.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from services import settings
from services.aws.compiled_network import dump
from services.inputs.load import load_inputs
from services.operate.aws_problems import call_aws
from services.operate.operator_command import OperatorCommand, region_option, target_option
from services.operate.resource_names import bucket
from storage.aws_clients import client

LINES, COMPILED = "config/lines.yaml", "config/network.json"


@click.command(cls=OperatorCommand)
@click.option("--file", "path", type=click.Path(path_type=Path), show_default="data/lines.yaml",
              help="The network file (YAML).")  # fmt: skip
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="The parts' --seed.")
@click.option("--scenario", default=None, metavar="NAME|FILE", help="The parts' --scenario.")
@target_option
@region_option
def main(*, path: Path | None, seed: int, scenario: str | None, target: str, region: str) -> None:
    """Check a network file and put it where all parts take it from, as it is and compiled for functions.

    Where the bucket is, the standard variables say (AWS_ENDPOINT_URL); make load-config sets them for the
    parts that run on this machine.
    """
    path = path or settings.default_network()
    if path.suffix not in (".yaml", ".yml"):
        raise click.UsageError(f"{path} is no YAML file; that is what {LINES} has to be")
    inputs = load_inputs(path, seed, scenario)
    account = call_aws(client("sts", region=region).get_caller_identity, "whose account this is")["Account"]
    s3, name = client("s3", region=region), bucket(account)
    contents = {COMPILED: dump(inputs.network, inputs.run), LINES: path.read_bytes()}
    for key, content in contents.items():
        put = partial(s3.put_object, Bucket=name, Key=key, Body=content)
        call_aws(put, f"s3://{name}/{key} can't be written")
    lines, stops = len(inputs.network.lines), len(inputs.network.stops)
    click.echo(f"{path}: {lines} lines, {stops} stops, in s3://{name} ({target}).")
    click.echo("The parts go on with it from the next whole hour; nothing need be restarted.")


if __name__ == "__main__":
    main()
