"""What LocalStack forgets when it ends, kept in a folder: the keys, the clock, and the last networks.

The hook in `ready.d` starts a process that copies changes into INIT_KEPT_FOLDER every second, until
LocalStack ends, and reads them back at the next start. An initial value (INIT_API_KEY, INIT_CLOCK,
INIT_NETWORK_FILE) then replaces the kept one only if it isn't the one of the start before. Without
INIT_KEPT_FOLDER nothing is kept.
"""

import fcntl
import hashlib
import json
import os
import time
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

POLL_S = 1.0
MOST_NETWORKS = 5
"""How many versions of the network are kept: a part that restarts within the hour needs the one before."""
STATE = "state.json"


def folder():
    named = os.environ.get("INIT_KEPT_FOLDER")
    return Path(named) if named else None


def load():
    """The kept state; empty if there is none."""
    place = folder()
    if place is None or not (place / STATE).exists():
        return {}
    state = json.loads((place / STATE).read_text(encoding="utf-8"))
    state["networks"] = [(place / name).read_bytes() for name in state["networks"]]
    return state


def is_new(state, name, value):
    """Whether an initial value is given, and isn't the one at the last start."""
    return bool(value) and digest(value) != state.get("initial", {}).get(name)


def initial_values():
    """The digests of the initial values that are given."""
    path = os.environ.get("INIT_NETWORK_FILE")
    given = {
        "api_key": os.environ.get("INIT_API_KEY", "").encode(),
        "clock": os.environ.get("INIT_CLOCK", "").removeprefix("{}").encode(),
        "network": Path(path).read_bytes() if path else b"",
    }
    return {name: digest(value) for name, value in given.items() if value}


def digest(value):
    return hashlib.sha256(value if isinstance(value, bytes) else value.encode()).hexdigest()


def seen(clients, bucket, key):
    """What LocalStack has now: the keys, the clock, and the entity tags of the network's versions."""
    versions = clients["s3"].list_object_versions(Bucket=bucket, Prefix=key).get("Versions", [])
    newest_last = [(each["ETag"].strip('"'), each["VersionId"]) for each in reversed(versions)]
    secret = clients["secretsmanager"].get_secret_value(SecretId="bus-simulator/api-key")
    return {
        "secret": secret["SecretString"],
        "clock": clients["ssm"].get_parameter(Name="/bus-simulator/clock")["Parameter"]["Value"],
        "versions": newest_last[-MOST_NETWORKS:],
    }


def save(place, found, initial, s3, bucket, key):
    """Write the networks that aren't there yet, then the state, then remove what it doesn't name."""
    for tag, version in found["versions"]:
        if not (place / tag).exists():
            got = s3.get_object(Bucket=bucket, Key=key, VersionId=version)
            write(place / tag, got["Body"].read())
    names = [tag for tag, _ in found["versions"]]
    state = {"initial": initial, "secret": found["secret"], "clock": found["clock"], "networks": names}
    write(place / STATE, json.dumps(state).encode())
    for path in place.iterdir():
        if path.name not in (*names, STATE, "lock"):
            path.unlink()


def write(path, content):
    """Write a file that only its owner may read, atomically."""
    draft = path.with_name(path.name + ".draft")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_bytes(content)
    draft.replace(path)


def keep(clients, bucket, key):
    """Copy changes until LocalStack ends. One process keeps a folder; the next waits for its end."""
    place = folder()
    place.mkdir(parents=True, exist_ok=True)
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        state = json.loads((place / STATE).read_text()) if (place / STATE).exists() else {}
        initial, last = {**state.get("initial", {}), **initial_values()}, None
        while True:
            try:
                found = seen(clients, bucket, key)
                if found["versions"] and found != last:
                    save(place, found, initial, clients["s3"], bucket, key)
                    last = found
            except ClientError:
                last = None  # the hook hasn't made everything yet
            except BotoCoreError:
                return
            time.sleep(POLL_S)
