"""`python -m scripts.compile_network`: compile the network set in `terraform/` for the Lambda functions.

Runs before every plan, since the file depends on the program's version as well as on the network. A network
that `make load-config` has put in the place of an unchanged file stays: then that one is compiled.
"""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path

import click

from scripts.terraform_settings import TERRAFORM, terraform_outputs, terraform_variables
from services.aws.compiled_network import dump
from services.console.work_progress import work_progress
from services.feeds.emt.service_hours import all_hours
from services.inputs.load import load_inputs
from services.operate.aws_problems import call_aws
from services.operate.operator_command import OperatorCommand
from services.operate.resource_names import LINES_YAML
from storage.aws_clients import client

LOADED = "loaded-lines.yaml"


@click.command(cls=OperatorCommand)
@click.option("--terraform", "folder", type=click.Path(path_type=Path), default=TERRAFORM, hidden=True)
def main(*, folder: Path) -> None:
    """Compile the network that the deployment will have, with the run that feeders derive from it."""
    source, target, scenario, region = terraform_variables(
        folder, "lines_yaml", "network_json", "scenario", "region"
    )
    network, output = folder / source, folder / target
    output.parent.mkdir(parents=True, exist_ok=True)
    if (loaded := loaded_instead(folder, network, region)) is not None:
        click.echo("The deployment has another network, by make load-config: it stays.", err=True)
        network = output.with_name(LOADED)
        network.write_bytes(loaded)
    with work_progress() as progress:
        inputs = load_inputs(network, seed=None, scenario=scenario or None, on_progress=progress)
    output.write_bytes(dump(inputs.network, inputs.run, all_hours(inputs.network), inputs.scenario))
    click.echo(f"{output.resolve()}: {network.resolve()}, model {inputs.run.model_version}")


def loaded_instead(folder: Path, network: Path, region: str) -> bytes | None:
    """The deployment's network, if it isn't this file although the last apply uploaded this file.

    None also for a file that was changed since: the next apply uploads that. Raises `AwsProblem`.
    """
    deployed_md5, bucket = terraform_outputs(folder, "lines_yaml_md5", "config_bucket")
    if bucket is None or not network.is_file():
        return None
    here = network.read_bytes()
    if deployed_md5 != hashlib.md5(here, usedforsecurity=False).hexdigest():
        return None
    s3, place = client("s3", region=region), f"s3://{bucket}/{LINES_YAML}"
    answer = call_aws(partial(s3.get_object, Bucket=bucket, Key=LINES_YAML), place)
    there = call_aws(answer["Body"].read, place)
    return there if there != here else None


if __name__ == "__main__":
    main()
