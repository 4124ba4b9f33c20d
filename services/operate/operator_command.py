"""The command class of operators' scripts, and their options `--target` and `--region`."""

from __future__ import annotations

from typing import Any

import click

from services.errors import InputError
from services.operate.aws_problems import AwsProblem
from services.operate.resource_names import REGION
from services.stack.supervisor_control import StackProblem
from storage.errors import DependencyError, without_passwords

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class OperatorCommand(click.Command):
    """A command that reports expected errors in one line on stderr, with exit code 1."""

    def __init__(self, *arguments: Any, **named: Any) -> None:  # click's own arguments
        super().__init__(*arguments, **{"context_settings": CONTEXT, **named})

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except (AwsProblem, DependencyError, InputError, StackProblem) as problem:
            raise click.ClickException(without_passwords(str(problem))) from problem
        except OSError as problem:
            place = f"{problem.filename}: " if problem.filename else ""
            raise click.ClickException(f"{place}{problem.strerror or problem}") from problem


region_option = click.option(
    "--region",
    default=REGION,
    show_default=True,
    envvar="AWS_REGION",
    show_envvar=True,
    help="The AWS region.",
)
target_option = click.option(
    "--target",
    type=click.Choice(["local", "aws"]),
    default=None,
    show_default="what runs here",
    envvar="TARGET",
    show_envvar=True,
    help="The simulator on this machine, or the deployment on AWS.",
)
target_region_option = click.option(
    "--region",
    default=None,
    show_default=REGION,
    envvar="AWS_REGION",
    show_envvar=True,
    help="The AWS region, with --target aws.",
)
