"""Push the services' image from the local Docker to the deployment's ECR repository."""

from __future__ import annotations

import base64
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from services.operate.aws_problems import AwsProblem, call_aws
from services.operate.resource_names import IMAGE_DIGEST, REPOSITORY

if TYPE_CHECKING:
    from types_boto3_ecr.client import ECRClient
    from types_boto3_ssm.client import SSMClient

ARCHITECTURE = "arm64"
"""The processor architecture that Terraform sets for Fargate."""
NO_DOCKER = "docker is not installed (or not on PATH): it builds and pushes images"


@dataclass(frozen=True, slots=True, repr=False)
class EcrRepository:
    """A repository and a login of its registry, valid for twelve hours."""

    repository: str
    user: str
    password: str

    @property
    def host(self) -> str:
        """The registry's host, to which Docker logs in."""
        return self.repository.partition("/")[0]


def find_repository(ecr: ECRClient, name: str = REPOSITORY) -> EcrRepository:
    """The deployment's repository. Raises `AwsProblem`."""
    describe = partial(ecr.describe_repositories, repositoryNames=[name])
    try:
        found = call_aws(describe, f"repository {name}")["repositories"][0]
    except AwsProblem as problem:
        if problem.code == "RepositoryNotFoundException":
            raise AwsProblem(f"no repository {name} in this region: make deploy creates it") from problem
        raise
    token = call_aws(ecr.get_authorization_token, "a login for ECR")["authorizationData"][0]
    user, _, password = base64.b64decode(token["authorizationToken"]).decode().partition(":")
    return EcrRepository(found["repositoryUri"], user, password)


class Docker:
    """The docker program. Methods raise `AwsProblem`."""

    def __init__(self) -> None:
        found = shutil.which("docker")
        if found is None:
            raise AwsProblem(NO_DOCKER)
        self._program = found

    def architecture(self, image: str) -> str:
        """The processor architecture of a local image."""
        asked_for = self._run("image", "inspect", "--format", "{{.Architecture}}", image)
        if asked_for.returncode:
            raise AwsProblem(f"no image {image} here: make build-feeders builds it")
        return asked_for.stdout.strip()

    def log_in(self, to: EcrRepository) -> None:
        """Log Docker in to a registry."""
        self._checked("login", "--username", to.user, "--password-stdin", to.host, given=to.password)

    def push(self, image: str, target: str) -> None:
        """Push a local image under another name."""
        self._checked("tag", image, target)
        self._checked("push", "--quiet", target)

    def _checked(self, *arguments: str, given: str | None = None) -> None:
        done = self._run(*arguments, given=given)
        if done.returncode:
            raise AwsProblem(f"docker {arguments[0]}: {done.stderr.strip() or done.returncode}")

    def _run(self, *arguments: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - docker, with names of images
            [self._program, *arguments], input=given, capture_output=True, text=True, check=False
        )


def push_image(docker: Docker, to: EcrRepository, image: str, tags: Sequence[str]) -> list[str]:
    """Push a local image under each tag, and return the full names.

    Raises `AwsProblem`, also for an image for another processor architecture.
    """
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


def store_digest(ecr: ECRClient, ssm: SSMClient, tag: str) -> str:
    """Write the digest of a pushed image where Terraform notices another one. Raises `AwsProblem`."""
    describe = partial(ecr.describe_images, repositoryName=REPOSITORY, imageIds=[{"imageTag": tag}])
    digest = call_aws(describe, f"image {REPOSITORY}:{tag}")["imageDetails"][0]["imageDigest"]
    try:
        # Terraform makes the parameter: one that it doesn't know would make it fail.
        call_aws(partial(ssm.get_parameter, Name=IMAGE_DIGEST), f"parameter {IMAGE_DIGEST}")
    except AwsProblem as problem:
        if problem.code == "ParameterNotFound":
            raise AwsProblem(
                f"no parameter {IMAGE_DIGEST} in this region: make deploy creates it"
            ) from problem
        raise
    put = partial(ssm.put_parameter, Name=IMAGE_DIGEST, Value=digest, Type="String", Overwrite=True)
    call_aws(put, f"parameter {IMAGE_DIGEST}")
    return digest
