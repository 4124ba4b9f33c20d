"""`bus-simulator timestream-local`: Amazon Timestream's API on this machine."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path
from typing import Literal

import click

from services import settings
from services.commands import options
from services.commands.options import option
from services.inputs.load import DUCKDB

DEFAULT_FILE = "duckdb:var/timestream.duckdb"
S3_ENDPOINT = re.compile(r"aws|https?://[^\s/?#]+[^\s?#]*")
NO_SQLGLOT = "timestream-local needs the extra [aws]: pip install 'bus-simulator[aws]'"


@click.command(
    "timestream-local",
    epilog="""\b
Examples:
  bus-simulator timestream-local --port 4568
  aws timestream-write list-databases --endpoint-url http://127.0.0.1:4568 --region eu-west-1""",
)
@click.option(
    "--store",
    metavar="URL",
    default=DEFAULT_FILE,
    show_default=True,
    envvar=list(settings.VARIABLES["timestream_local_store"]),
    show_envvar=True,
    help="File of the endpoint: duckdb:PATH.",
)
@option("--port", type=click.IntRange(0, 65535), default=4568, help="Port; 0 takes a free one.")
@options.host_option
@option(
    "--now",
    type=click.Choice(["wall", "data"]),
    default="wall",
    help="What now() and retention mean by the current time: the machine's clock, or the newest record.",
)
@option(
    "--s3-endpoint",
    metavar="URL",
    default=None,
    help="S3 for UNLOAD and batch loads: the URL of LocalStack or moto, or aws for S3 itself.",
)
@option(
    "--account",
    metavar="ID",
    default="000000000000",
    help="Account in ARNs, 12 digits; their region is the client's.",
)
@option(
    "--like-aws",
    is_flag=True,
    help="All of the following; --throttle is 0.05 and --visible-after 1 unless given.",
)
@option("--empty-first-page", is_flag=True, help="The first page of a query has a token and no rows.")
@option(
    "--throttle",
    type=click.FloatRange(0, 0.9),
    default=0.0,
    help="Share of requests that get a ThrottlingException, evenly.",
)
@option(
    "--visible-after",
    type=click.FloatRange(0, 60),
    default=0.0,
    metavar="SECONDS",
    help="How long after its answer a write becomes visible to queries.",
)
@option("--strict-limits", is_flag=True, help="AWS's quotas on databases, tables, columns and names.")
def timestream_local(
    *,
    store: str,
    port: int,
    host: str,
    now: Literal["wall", "data"],
    s3_endpoint: str | None,
    account: str,
    like_aws: bool,
    empty_first_page: bool,
    throttle: float,
    visible_after: float,
    strict_limits: bool,
) -> None:
    """Serve the API of Amazon Timestream for LiveAnalytics over a DuckDB file.

    boto3, the AWS CLI and Terraform work with it when they are given its endpoint URL. Signatures are not
    checked: anyone who can reach the port can read and write the data, unless the environment variables
    BUS_SIMULATOR_WRITER_TOKEN and BUS_SIMULATOR_READER_TOKEN are set. Then a client must send one of them as
    the id of its access key. The reader can't write, and nobody can delete.
    """
    place = checked_place(store, account, s3_endpoint)
    try:
        from services.timestream_local import server
        from services.timestream_local.options import EndpointOptions, Tokens
    except ModuleNotFoundError as error:
        raise click.ClickException(f"{NO_SQLGLOT} ({error.name} is missing)") from error
    from services.web.uvicorn.server import listen, url_of

    try:
        found = settings.endpoint_tokens()
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    tokens = None if found is None else Tokens(*found)
    wanted = EndpointOptions(
        s3_endpoint, empty_first_page, throttle, strict_limits, visible_after, account, tokens
    )
    behaviour = wanted.like_aws() if like_aws else wanted
    with closing(listen(host, port)) as listener:
        checked = "signatures are not checked" if tokens is None else "clients need a token"
        ready = f"Timestream endpoint on {url_of(listener)}, data in {place}; {checked}"
        server.serve(Path(place).expanduser(), now, listener, behaviour, lambda: click.echo(ready))


def checked_place(store: str, account: str, s3_endpoint: str | None) -> str:
    """The path of a store's file. Raises `click.BadParameter` for what is no store, account or endpoint."""
    place = store.removeprefix(DUCKDB)
    if place == store or not place.strip() or place.startswith(":"):
        raise click.BadParameter(f"'{store}' names no file: expected duckdb:PATH", param_hint="--store")
    if not (len(account) == 12 and account.isascii() and account.isdigit()):
        raise click.BadParameter(f"'{account}' is not an account: expected 12 digits", param_hint="--account")
    if s3_endpoint is not None and not S3_ENDPOINT.fullmatch(s3_endpoint):
        raise click.BadParameter(
            f"'{s3_endpoint}' is neither aws nor a URL such as http://127.0.0.1:4566",
            param_hint="--s3-endpoint",
        )
    return place
