"""The image of the services, from this machine's Docker into the deployment's ECR repository."""

from __future__ import annotations

import base64
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from services.operate.aws_problems import AwsProblem, call_aws
from services.operate.resource_names import REPOSITORY

ARCHITECTURE = "arm64"
"""What Fargate runs the services on, as Terraform sets it."""
NO_DOCKER = "docker is not installed (or not on PATH): images are built and pushed by it"


@dataclass(frozen=True, slots=True, repr=False)
class EcrRepository:
    """A repository and the password of its registry, which is good for twelve hours."""

    repository: str
    user: str
    password: str

    @property
    def host(self) -> str:
        """What Docker logs in to."""
        return self.repository.partition("/")[0]


def find_repository(ecr: Any, name: str = REPOSITORY) -> EcrRepository:
    """The deployment's repository, by a client of `ecr`. Raises `AwsProblem`."""
    describe = partial(ecr.describe_repositories, repositoryNames=[name])
    try:
        found = call_aws(describe, f"repository {name}")["repositories"][0]
    except AwsProblem as problem:
        if problem.code == "RepositoryNotFoundException":
            raise AwsProblem(f"no repository {name} in this region: make deploy makes it") from problem
        raise
    token = call_aws(ecr.get_authorization_token, "a login for ECR")["authorizationData"][0]
    user, _, password = base64.b64decode(token["authorizationToken"]).decode().partition(":")
    return EcrRepository(found["repositoryUri"], user, password)


class Docker:
    """The docker program. Everything raises `AwsProblem`."""

    def __init__(self) -> None:
        found = shutil.which("docker")
        if found is None:
            raise AwsProblem(NO_DOCKER)
        self._program = found

    def architecture(self, image: str) -> str:
        """What processors a local image is for."""
        asked_for = self._run("image", "inspect", "--format", "{{.Architecture}}", image)
        if asked_for.returncode:
            raise AwsProblem(f"no image {image} here: make build-feeders makes it")
        return asked_for.stdout.strip()

    def log_in(self, to: EcrRepository) -> None:
        """Let Docker push there."""
        self._must("login", "--username", to.user, "--password-stdin", to.host, given=to.password)

    def push(self, image: str, target: str) -> None:
        """Push a local image under another name."""
        self._must("tag", image, target)
        self._must("push", "--quiet", target)

    def _must(self, *arguments: str, given: str | None = None) -> None:
        done = self._run(*arguments, given=given)
        if done.returncode:
            raise AwsProblem(f"docker {arguments[0]}: {done.stderr.strip() or done.returncode}")

    def _run(self, *arguments: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - the program that was found, and names of images
            [self._program, *arguments], input=given, capture_output=True, text=True, check=False
        )


def push_image(docker: Docker, to: EcrRepository, image: str, tags: Sequence[str]) -> list[str]:
    """Push a local image under each tag; the full names. Refused for another kind of processor."""
    architecture = docker.architecture(image)
    if architecture != ARCHITECTURE:
        raise AwsProblem(
            f"{image} is for {architecture}, and Fargate runs {ARCHITECTURE}: "
            f"make build-feeders PLATFORM=linux/{ARCHITECTURE}"
        )
    docker.log_in(to)
    targets = [f"{to.repository}:{tag}" for tag in tags]
    for target in targets:
        docker.push(image, target)
    return targets
