"""`python -m scripts.push_images --region R`: push the services' image to ECR."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import click

from scripts.terraform_settings import TERRAFORM, terraform_variables
from services.operate.images import Docker, find_repository, push_image, store_digest
from services.operate.operator_command import OperatorCommand, region_option
from storage.aws_clients import client


@click.command(cls=OperatorCommand)
@region_option
@click.option("--image", default="bus-simulator-feeders:latest", show_default=True, envvar="IMAGE",
              show_envvar=True,
              help="The local image that make build-feeders builds.")  # fmt: skip
@click.option("--tag", "tags", multiple=True, show_default="image_tag of terraform/, and the version",
              help="A tag to push the image under; may be repeated.")  # fmt: skip
@click.option("--terraform", "folder", type=click.Path(path_type=Path), default=TERRAFORM, hidden=True)
def main(*, region: str, image: str, tags: tuple[str, ...], folder: Path) -> None:
    """Push the services' image to ECR; services use it after a restart or a make deploy."""
    docker = Docker()
    ecr = client("ecr", region=region)
    target = find_repository(ecr)
    wanted = tags or (*terraform_variables(folder, "image_tag"), version("bus-simulator"))
    for name in push_image(docker, target, image, list(dict.fromkeys(wanted))):
        click.echo(name)
    click.echo(store_digest(ecr, client("ssm", region=region), wanted[0]))
    click.echo("Services use it after a restart: make restart TARGET=aws. make deploy restarts them.")


if __name__ == "__main__":
    main()
