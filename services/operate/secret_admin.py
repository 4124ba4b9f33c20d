"""Read and write the API keys in Secrets Manager, for operators."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from services.access.key_plaintext import PlainKeys, parse_plain_keys
from services.operate.aws_problems import AwsProblem, call_aws
from services.operate.resource_names import SECRET_ID

if TYPE_CHECKING:
    from types_boto3_secretsmanager.client import SecretsManagerClient


class ApiKeySecret:
    """The secret with the API keys. Methods raise `AwsProblem`."""

    def __init__(self, secrets_manager: SecretsManagerClient, secret_id: str = SECRET_ID) -> None:
        self._client, self._id = secrets_manager, secret_id

    def read(self) -> PlainKeys:
        """The valid keys."""
        answer = call_aws(partial(self._client.get_secret_value, SecretId=self._id), f"secret {self._id}")
        try:
            return parse_plain_keys(answer["SecretString"])
        except ValueError as error:
            raise AwsProblem(f"secret {self._id}: {error}") from error

    def write(self, keys: PlainKeys) -> None:
        """Replace the valid keys."""
        write = partial(self._client.put_secret_value, SecretId=self._id, SecretString=keys.text)
        call_aws(write, f"secret {self._id}")
