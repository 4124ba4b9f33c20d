"""LocalStack's hook brings back what was loaded, rotated and moved, unless other initial values are given."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from moto.server import ThreadedMotoServer

from storage.aws_clients import client
from tests.environment import environment
from tests.moto_aws import forget
from tests.timestream_endpoint import KEYS, REGION

pytestmark = [pytest.mark.integration, pytest.mark.long]

HOOK = Path(__file__).parent.parent / "localstack/init/ready.d/10_resources.py"
BUCKET, KEY = "bus-simulator-config-123456789012", "config/lines.yaml"
MOVED = '{"anchor": "2026-03-02T07:30:00+00:00"}'
PATIENCE_S = 60


@dataclass
class Stack:
    """Something like LocalStack, which forgets everything when it ends."""

    folder: Path
    server: ThreadedMotoServer | None = None

    def start(self, **initial: str) -> None:
        """Start anew, with initial values; the hook has run."""
        self.stop()
        self.server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
        self.server.start()
        forget(self.server.get_host_and_port()[1])  # what other tests of this process left
        given = {"INIT_API_KEY": "first", "INIT_NETWORK_FILE": str(self.folder / "lines.yaml"), **initial}
        variables = environment(**KEYS, AWS_ENDPOINT_URL=self.url, INIT_KEPT_FOLDER=str(self.kept), **given)
        subprocess.run([sys.executable, HOOK], env=variables, check=True)

    def stop(self) -> None:
        """Forget; the process that keeps the folder notices it and ends."""
        if self.server is not None:
            forget(self.server.get_host_and_port()[1])
            self.server.stop()
            self.server = None

    @property
    def kept(self) -> Path:
        return self.folder / "kept"

    @property
    def url(self) -> str:
        assert self.server is not None
        host, port = self.server.get_host_and_port()
        return f"http://{host}:{port}"

    def client(self, service: str) -> Any:
        return client(service, region=REGION, endpoint_url=self.url)

    def load(self, content: str) -> None:
        self.client("s3").put_object(Bucket=BUCKET, Key=KEY, Body=content.encode())

    @property
    def networks(self) -> list[str]:
        """All versions, oldest first."""
        s3 = self.client("s3")
        versions = s3.list_object_versions(Bucket=BUCKET, Prefix=KEY)["Versions"]
        found = [s3.get_object(Bucket=BUCKET, Key=KEY, VersionId=each["VersionId"]) for each in versions]
        return [each["Body"].read().decode() for each in reversed(found)]

    @property
    def secret(self) -> Mapping[str, Any]:
        secret = self.client("secretsmanager").get_secret_value(SecretId="bus-simulator/api-key")
        return dict(json.loads(secret["SecretString"]))

    @property
    def clock(self) -> str:
        return str(self.client("ssm").get_parameter(Name="/bus-simulator/clock")["Parameter"]["Value"])

    def wait(self, condition: Callable[[Mapping[str, Any]], bool]) -> None:
        """Wait until a condition holds for the kept state."""
        for _ in range(PATIENCE_S * 20):
            path = self.kept / "state.json"
            if path.exists() and condition(json.loads(path.read_text())):
                return
            threading.Event().wait(0.05)
        raise AssertionError(path.read_text())


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "lines.yaml").write_text("first")
    found = Stack(tmp_path)
    try:
        yield found
    finally:
        found.stop()


def test_what_was_changed_comes_back_and_new_initial_values_replace_it(stack: Stack) -> None:
    stack.start()
    assert (stack.networks, stack.secret, stack.clock) == (["first"], {"api_key": "first"}, "{}")
    stack.load("second")
    teams = {"api_key": "rotated", "keys": {"a": "b"}}
    stack.client("secretsmanager").put_secret_value(
        SecretId="bus-simulator/api-key", SecretString=json.dumps(teams)
    )
    stack.client("ssm").put_parameter(Name="/bus-simulator/clock", Value=MOVED, Overwrite=True)
    stack.wait(lambda state: state["clock"] == MOVED and len(state["networks"]) == 2)
    assert {path.stat().st_mode & 0o777 for path in stack.kept.iterdir() if path.name != "lock"} == {0o600}

    stack.start()
    assert (stack.networks, stack.secret, stack.clock) == (["first", "second"], teams, MOVED)

    (stack.folder / "lines.yaml").write_text("third")
    stack.start(INIT_API_KEY="given", INIT_CLOCK='{"anchor": "2026-04-01T00:00:00+00:00"}')
    assert stack.networks == ["first", "second", "third"]
    assert stack.secret == {"api_key": "given", "keys": {"a": "b"}}
    assert "2026-04-01" in stack.clock
