"""The official Python client lists, calls and reads everything, over HTTP and over stdio."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError

from services.agents.tools import TOOLS
from services.processes.stdio_bridge import Address, Link, Place, http_client, relaying
from tests.environment import environment
from tests.process import KEY, PROGRAM, Running, command, few_lines, running, started
from tests.services.mcp_served import TOOL_ARGUMENTS, ServedTools, served_tools
from tests.services.rest_served import KEY as HEADERS

pytestmark = pytest.mark.integration

MODES = ("legacy", "auto", "2026-07-28")
MORNING = "2026-03-02T08:30+01:00"
CITY_ARGUMENTS: dict[str, dict[str, object]] = {
    **TOOL_ARGUMENTS,
    "find_stops": {"name": "Embajadores"},
    "line_status": {"line_id": "L1", "stop_id": "S009"},
    "next_arrivals": {"stop": "S009"},
    "plan_ride": {"from": "S009", "to": "Plaza de Castilla"},
    "compare": {"scenario": "weekday"},
}
PATIENCE_S = 60


async def everything(client: Client, arguments: dict[str, dict[str, object]]) -> dict[str, Any]:
    """Call all tools and read all resources; return the structured results, which the client validates."""
    listed = (await client.list_tools()).tools
    assert [tool.name for tool in listed] == list(TOOLS)
    answers: dict[str, Any] = {}
    for tool in listed:
        result = await client.call_tool(tool.name, arguments[tool.name])
        assert not result.is_error
        assert result.structured_content is not None
        answers[tool.name] = result.structured_content
    uris = [str(each.uri) for each in (await client.list_resources()).resources]
    assert len((await client.list_resource_templates()).resource_templates) == 1
    for uri in (*uris, "bus://lines/L1"):
        (content,) = (await client.read_resource(uri)).contents
        answers[uri] = json.loads(content.text)  # type: ignore[union-attr]
    with pytest.raises(MCPError, match="Unknown tool: dance"):
        await client.call_tool("dance", {})
    return answers


def by_http(
    url: str, use: Callable[[Client], Awaitable[Any]], headers: dict[str, str], mode: str = "auto"
) -> Any:
    """Return what `use` does with a client of a server's `/mcp`."""

    async def used() -> Any:
        async with (
            httpx2.AsyncClient(headers=headers, timeout=PATIENCE_S) as http,
            Client(streamable_http_client(f"{url}/mcp", http_client=http), mode=mode) as client,
        ):
            return await use(client)

    return anyio.run(used)


def by_stdio(
    folder: Path, use: Callable[[Client], Awaitable[Any]], *arguments: str, mode: str = "auto", key: str = KEY
) -> Any:
    """Return what `use` does with a client of `mcp --stdio`, which it starts and ends."""
    server = StdioServerParameters(
        command=PROGRAM[0],
        args=[*PROGRAM[1:], "mcp", "--stdio", *arguments],
        cwd=folder,
        env=environment(BUS_SIMULATOR_API_KEY=key),
    )

    async def used() -> Any:
        async with Client(server, mode=mode, read_timeout_seconds=PATIENCE_S) as client:
            return await use(client)

    return anyio.run(used)


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedTools]:
    with served_tools(tmp_path_factory.mktemp("tools")) as served:
        yield served


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(
        tmp_path_factory.mktemp("city"), *few_lines(), "--at", MORNING, "--backfill", "0"
    ) as process:
        process.wait_for(lambda body: body["status"] == "healthy")
        yield process


def folder_of(process: Running) -> Path:
    return Path(f"/proc/{process.process.pid}/cwd").resolve()


def url_of(process: Running) -> str:
    return f"http://{process.host}:{process.port}"


@pytest.mark.parametrize("mode", MODES)
def test_everything_is_listed_called_and_read_over_http(mode: str, tools: ServedTools) -> None:
    answers = by_http(tools.url, lambda client: everything(client, TOOL_ARGUMENTS), HEADERS, mode)
    for name, arguments in TOOL_ARGUMENTS.items():
        assert answers[name]["data"] == tools.call(name, **arguments)["data"]
    assert answers["bus://lines/L1"] == tools.get("/lines/L1").json()


@pytest.mark.parametrize(
    "headers", [{}, {"x-api-key": "right"}, {"x-api-key": "wrong", "x-group-name": "me"}]
)
def test_a_client_with_a_wrong_key_is_refused(headers: dict[str, str], tools: ServedTools) -> None:
    with pytest.raises(ExceptionGroup) as refused:
        by_http(tools.url, lambda client: client.list_tools(), headers)
    assert refused.group_contains((MCPError, httpx2.HTTPError))


@pytest.mark.long
@pytest.mark.e2e
def test_beside_a_run_stdio_connects_to_the_process_that_holds_the_store(city: Running) -> None:
    answers = by_stdio(folder_of(city), lambda client: everything(client, CITY_ARGUMENTS), mode="legacy")
    over_http = by_http(
        url_of(city),
        lambda client: everything(client, CITY_ARGUMENTS),
        {"x-api-key": KEY, "x-group-name": "t"},
    )
    for name in ("query_time_range", "find_stops", "nearest_stops", "list_lines"):
        assert answers[name]["data"] == over_http[name]["data"]
    assert answers["query_people_count"]["count"] == 1
    assert answers["line_status"]["data"][0]["buses_out"] > 0


@pytest.mark.e2e
def test_with_a_url_stdio_connects_to_that_simulator(city: Running, tmp_path: Path) -> None:
    answers = by_stdio(
        tmp_path, lambda client: everything(client, CITY_ARGUMENTS), "--url", url_of(city), "--group", "mine"
    )
    assert answers["bus://scenario"]["run"] == city.ask("/health")[1]["run"]
    assert not list(tmp_path.iterdir())


@pytest.mark.long
@pytest.mark.e2e
def test_without_a_run_stdio_runs_the_simulator_and_a_second_client_finds_it(tmp_path: Path) -> None:
    async def both(first: Client) -> tuple[Any, Any]:
        mine = await everything(first, CITY_ARGUMENTS)
        async with AsyncExitStack() as stack:
            second = await stack.enter_async_context(Client(other))
            return mine, await everything(second, CITY_ARGUMENTS)

    arguments = (*few_lines(), "--at", MORNING, "--backfill", "0")
    other = StdioServerParameters(
        command=PROGRAM[0],
        args=[*PROGRAM[1:], "mcp", "--stdio", *arguments],
        cwd=tmp_path,
        env=environment(BUS_SIMULATOR_API_KEY=KEY),
    )
    mine, others = by_stdio(tmp_path, both, *arguments)
    assert mine["query_bus_position"]["count"] == 1
    assert others["query_time_range"]["data"] == mine["query_time_range"]["data"]
    assert (tmp_path / "var" / "bus.duckdb").exists()


@pytest.mark.e2e
def test_stdio_ends_cleanly_when_its_client_goes_away(tmp_path: Path) -> None:
    done = subprocess.run(
        [*PROGRAM, "mcp", "--stdio", *few_lines(), "--at", MORNING, "--backfill", "0"],
        cwd=tmp_path,
        env=environment(BUS_SIMULATOR_API_KEY=KEY),
        input="",
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert {path.name for path in tmp_path.rglob("*") if path.is_file()} <= {"bus.duckdb"}


def test_stdio_answers_before_the_city_is_loaded_and_a_call_waits_for_it(tools: ServedTools) -> None:
    place: Place = Future()

    async def main() -> Any:
        link = Link(place, "team-alpha")
        async with anyio.create_task_group() as tasks, Client(relaying(link)) as client:
            tasks.start_soon(link.keep)
            assert {tool.name for tool in (await client.list_tools()).tools} == set(TOOLS)
            place.set_result(Address(tools.url, "right"))
            answer = await client.call_tool("list_lines", {})
            tasks.cancel_scope.cancel()
        return answer.structured_content

    assert anyio.run(main)["count"] == 2


def test_the_environments_proxies_are_for_other_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://192.0.2.1:3128")
    urls = ("http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:8080", "http://example.org")
    trusting = [http_client(Address(url, "k"), "g").trust_env for url in urls]
    assert trusting == [False, False, False, True]


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--stdio", "--url", "http://127.0.0.1:1"), 1, "no simulator answers at http://127.0.0.1:1"),
        (("--url", "http://127.0.0.1:1"), 2, "--url needs --stdio"),
        ((), 2, "which feeds and serves in one process"),
    ],
)
def test_mcp_without_a_simulator_or_with_wrong_options_says_why(
    arguments: tuple[str, ...], code: int, said: str, tmp_path: Path
) -> None:
    done = command(tmp_path, "mcp", *arguments)
    assert (done.code, done.out) == (code, "")
    assert said in done.err
    assert "Traceback" not in done.err


@pytest.mark.e2e
def test_without_a_key_stdio_creates_none(tmp_path: Path) -> None:
    with started(tmp_path, ("mcp", "--stdio", "--url", "http://127.0.0.1:1"), key=None) as process:
        out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, out) == (2, "")
    assert "set BUS_SIMULATOR_API_KEY" in err
    assert not list(tmp_path.iterdir())


@pytest.mark.long
@pytest.mark.e2e
def test_stdio_reports_a_wrong_key_without_printing_it(city: Running, tmp_path: Path) -> None:
    with started(tmp_path, ("mcp", "--stdio", "--url", url_of(city)), key="certainly-not-the-key") as process:
        out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, out) == (1, "")
    assert "401" in err
    assert "certainly-not-the-key" not in err
