"""Creates in LocalStack the resources that Terraform creates on AWS, with the same names.

LocalStack runs this when it is ready; `python localstack/init/ready.d/10_resources.py` does the same from
outside. Existing resources stay as they are, so running it again is harmless. The standard variables
(`AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_DYNAMODB`) set the endpoints; the default is LocalStack's port.

`INIT_NETWORK_FILE` goes into the bucket, `INIT_API_KEY` into the secret (without it one is made up), and
`INIT_CLOCK` into the clock's parameter (without it simulated time is wall time): each if there is none yet.
What `INIT_KEPT_FOLDER` holds of an earlier LocalStack goes before them, and it gets every change (`kept.py`).
`INIT_ONLY` is `localstack` or `dynamodb` where the two are apart and only one of them has started anew.
"""

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

# In a container LocalStack runs this text in its own process, where it has no name.
__file__ = globals().get("__file__", "/etc/localstack/init/ready.d/10_resources.py")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import kept  # from the folder above, where LocalStack runs nothing

REGION = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "eu-west-1"
SERVICES = ("people-count-feeder", "sensors-feeder", "bus-position-feeder", "mcp-server")
FUNCTIONS = (
    "people-count",
    "sensors",
    "bus-position",
    "network",
    "websocket-handler",
    "rest-authorizer",
    "websocket-authorizer-v2",
)
LOG_GROUPS = (
    *(f"/ecs/{name}" for name in SERVICES),
    *(f"/aws/lambda/bus-simulator-{name}" for name in FUNCTIONS),
    "/ecs/api",
)
CONNECTIONS, SUBSCRIPTIONS = "bus-simulator-websocket-connections", "bus-simulator-websocket-subscriptions"
BUS, RULE = "bus-simulator-events", "bus-simulator-positions"
QUEUE, DEAD_LETTERS = "bus-simulator-positions", "bus-simulator-positions-dead-letters"
PATTERN = {"source": ["bus-simulator"], "detail-type": ["bus.position.updated"]}
ROLE, POLICY = "bus-simulator-feeder-task-role", "timestream-access"
TABLES_WITH_TTL = (CONNECTIONS, SUBSCRIPTIONS)


KEY = "config/lines.yaml"
KEPT = kept.load()


def main():
    if "--keep" in sys.argv:
        names = ("s3", "secretsmanager", "ssm")
        kept.keep({name: client(name) for name in names}, f"bus-simulator-config-{account()}", KEY)
        return
    made_in = {"localstack": (secret, clock, log_groups, role, events, bucket), "dynamodb": (tables,)}
    only = os.environ.get("INIT_ONLY")
    for part, makers in made_in.items():
        for make in makers if only in (None, part) else ():
            make()
    if kept.folder() is not None and only != "dynamodb":
        nothing = subprocess.DEVNULL
        subprocess.Popen([sys.executable, __file__, "--keep"], stdin=nothing, stdout=nothing, stderr=nothing)  # noqa: S603 - itself


def client(service):
    own = "AWS_ENDPOINT_URL_" + service.upper()
    endpoint = os.environ.get(own) or os.environ.get("AWS_ENDPOINT_URL") or "http://127.0.0.1:4566"
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    if os.environ.get("AWS_ACCESS_KEY_ID"):
        keys = {}
    config = Config(s3={"addressing_style": "path"}, retries={"max_attempts": 3})
    return boto3.client(service, region_name=REGION, endpoint_url=endpoint, config=config, **keys)


def unless_there(code, call, **request):
    """Make something; what AWS answers with `code` is there already."""
    try:
        return call(**request)
    except ClientError as error:
        if error.response["Error"]["Code"] != code:
            raise
        return None


def account():
    return client("sts").get_caller_identity()["Account"]


def bucket():
    s3, name = client("s3"), f"bus-simulator-config-{account()}"
    place = {} if REGION == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": REGION}}
    unless_there("BucketAlreadyOwnedByYou", s3.create_bucket, Bucket=name, **place)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    if "Contents" not in s3.list_objects_v2(Bucket=name, Prefix=KEY):
        for content in networks():
            s3.put_object(Bucket=name, Key=KEY, Body=content)


def networks():
    """The kept versions, oldest first, and the initial network if it is a new one."""
    path = os.environ.get("INIT_NETWORK_FILE")
    first = Path(path).read_bytes() if path else b""
    versions = KEPT.get("networks", [])
    return [*versions, first] if kept.is_new(KEPT, "network", first) else versions


def secret():
    given, text = os.environ.get("INIT_API_KEY", ""), KEPT.get("secret", "")
    if not text or kept.is_new(KEPT, "api_key", given):
        teams = json.loads(text).get("keys") if text.startswith("{") else None
        keys = {"api_key": given or secrets.token_urlsafe(24), **({"keys": teams} if teams else {})}
        text = json.dumps(keys)
    make = client("secretsmanager").create_secret
    unless_there("ResourceExistsException", make, Name="bus-simulator/api-key", SecretString=text)


def clock():
    given = os.environ.get("INIT_CLOCK", "").removeprefix("{}")
    text = given if kept.is_new(KEPT, "clock", given) else KEPT.get("clock", "{}")
    make = client("ssm").put_parameter
    name = "/bus-simulator/clock"
    unless_there("ParameterAlreadyExists", make, Name=name, Value=text, Type="String", Overwrite=False)


def tables():
    dynamodb = client("dynamodb")
    by_group = {
        "IndexName": "by-group",
        "KeySchema": keys("group_name"),
        "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["ttl"]},
    }
    connections = {
        "AttributeDefinitions": texts("connection_id", "group_name"),
        "KeySchema": keys("connection_id"),
        "GlobalSecondaryIndexes": [by_group],
    }
    subscriptions = {
        "AttributeDefinitions": texts("line_id", "connection_id"),
        "KeySchema": keys("line_id", "connection_id"),
    }
    for name, definition in ((CONNECTIONS, connections), (SUBSCRIPTIONS, subscriptions)):
        wanted = {"TableName": name, "BillingMode": "PAY_PER_REQUEST", **definition}
        if unless_there("ResourceInUseException", dynamodb.create_table, **wanted) is not None:
            lifetime = {"Enabled": True, "AttributeName": "ttl"}
            dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=lifetime)


def texts(*names):
    return [{"AttributeName": name, "AttributeType": "S"} for name in names]


def keys(hashed, *ranged):
    named = [(hashed, "HASH"), *((name, "RANGE") for name in ranged)]
    return [{"AttributeName": name, "KeyType": kind} for name, kind in named]


def log_groups():
    logs = client("logs")
    for name in LOG_GROUPS:
        unless_there("ResourceAlreadyExistsException", logs.create_log_group, logGroupName=name)
        logs.put_retention_policy(logGroupName=name, retentionInDays=7)


def role():
    iam = client("iam")
    trust = statement("sts:AssumeRole", Principal={"Service": "ecs-tasks.amazonaws.com"})
    unless_there("EntityAlreadyExists", iam.create_role, RoleName=ROLE, AssumeRolePolicyDocument=trust)
    access = statement("timestream:*", Resource="*")
    iam.put_role_policy(RoleName=ROLE, PolicyName=POLICY, PolicyDocument=access)


def statement(action, **about):
    allowed = {"Effect": "Allow", "Action": action, **about}
    return json.dumps({"Version": "2012-10-17", "Statement": [allowed]})


def events():
    sqs, events = client("sqs"), client("events")
    sqs.create_queue(QueueName=DEAD_LETTERS)
    sqs.create_queue(QueueName=QUEUE)
    url, arn = queue(sqs, QUEUE)
    _, dead_letters = queue(sqs, DEAD_LETTERS)
    unless_there("ResourceAlreadyExistsException", events.create_event_bus, Name=BUS)
    pattern = json.dumps(PATTERN)
    rule = events.put_rule(Name=RULE, EventBusName=BUS, EventPattern=pattern)["RuleArn"]
    may_send = statement(
        "sqs:SendMessage",
        Principal={"Service": "events.amazonaws.com"},
        Resource=arn,
        Condition={"ArnEquals": {"aws:SourceArn": rule}},
    )
    redrive = json.dumps({"deadLetterTargetArn": dead_letters, "maxReceiveCount": "3"})
    wanted = {"Policy": may_send, "RedrivePolicy": redrive, "MessageRetentionPeriod": "300"}
    sqs.set_queue_attributes(QueueUrl=url, Attributes=wanted)
    target = {"Id": "queue", "Arn": arn, "DeadLetterConfig": {"Arn": dead_letters}}
    events.put_targets(Rule=RULE, EventBusName=BUS, Targets=[target])


def queue(sqs, name):
    """The URL and the ARN of a queue."""
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


main()
