"""`scripts/push_images.py --region R`: the image of the services into ECR. See `services.aws.images`."""

from __future__ import annotations

from importlib.metadata import version

import click

from services.aws.images import Docker, push, registry
from services.aws.operator_command import OperatorCommand, region_option
from storage.aws_clients import client


@click.command(cls=OperatorCommand)
@region_option
@click.option("--image", default="bus-simulator-feeders:latest", show_default=True, envvar="IMAGE",
              show_envvar=True,
              help="The local image, as make build-feeders makes it.")  # fmt: skip
@click.option("--tag", "tags", multiple=True, show_default="latest and the version",
              help="A tag to push it under; may be repeated.")  # fmt: skip
def main(*, region: str, image: str, tags: tuple[str, ...]) -> None:
    """Push the services' image to ECR; services take it when they are restarted."""
    docker = Docker()
    target = registry(client("ecr", region=region))
    for name in push(docker, target, image, tags or ("latest", version("bus-simulator"))):
        click.echo(name)
    click.echo("Services take it when they are restarted: make restart TARGET=aws")


if __name__ == "__main__":
    main()
