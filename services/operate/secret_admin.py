"""The secret with the API keys, read and written for the operator."""

from __future__ import annotations

from functools import partial
from typing import Any

from services.access.key_plaintext import PlainKeys, parse_plain_keys
from services.operate.aws_problems import AwsProblem, call_aws
from services.operate.resource_names import SECRET_ID


class ApiKeySecret:
    """A secret of Secrets Manager that holds keys. Everything raises `AwsProblem`."""

    def __init__(self, secrets_manager: Any, secret_id: str = SECRET_ID) -> None:
        self._client, self._id = secrets_manager, secret_id

    def read(self) -> PlainKeys:
        """The keys that are valid now."""
        answer = call_aws(partial(self._client.get_secret_value, SecretId=self._id), f"secret {self._id}")
        try:
            return parse_plain_keys(answer["SecretString"])
        except ValueError as error:
            raise AwsProblem(f"secret {self._id}: {error}") from error

    def write(self, keys: PlainKeys) -> None:
        """Let these be the valid ones."""
        write = partial(self._client.put_secret_value, SecretId=self._id, SecretString=keys.text)
        call_aws(write, f"secret {self._id}")
