"""The names and addresses that the operations manual and the contracts promise, as a plan has them."""

from __future__ import annotations

ADDRESSES = {
    "module.api_gateway[0].aws_lambda_function.people_count_api": (
        "function_name",
        "bus-simulator-people-count",
    ),
    "module.api_gateway[0].aws_lambda_function.sensors_api": ("function_name", "bus-simulator-sensors"),
    "module.api_gateway[0].aws_lambda_function.bus_position_api": (
        "function_name",
        "bus-simulator-bus-position",
    ),
    "module.api_gateway[0].aws_lambda_function.network_api": ("function_name", "bus-simulator-network"),
    "module.api_gateway[0].aws_lambda_function.rest_authorizer": (
        "function_name",
        "bus-simulator-rest-authorizer",
    ),
    "module.websocket_api[0].aws_lambda_function.websocket_handler": (
        "function_name",
        "bus-simulator-websocket-handler",
    ),
    "module.websocket_api[0].aws_lambda_function.websocket_authorizer": (
        "function_name",
        "bus-simulator-websocket-authorizer-v2",
    ),
    "module.api_gateway[0].aws_apigatewayv2_api.http": ("name", "madrid-bus-simulator-http"),
    "module.websocket_api[0].aws_apigatewayv2_stage.production": ("name", "production"),
    "module.cluster.aws_ecs_cluster.this": ("name", "bus-simulator-cluster"),
    'module.feeders.aws_ecs_service.feeder["people-count-feeder"]': ("name", "people-count-feeder"),
    'module.feeders.aws_ecs_service.feeder["sensors-feeder"]': ("name", "sensors-feeder"),
    'module.feeders.aws_ecs_service.feeder["bus-position-feeder"]': ("name", "bus-position-feeder"),
    "module.mcp_server[0].aws_ecs_service.mcp_server": ("name", "mcp-server"),
    "module.feeders.module.tasks.aws_iam_role.task": ("name", "bus-simulator-feeder-task-role"),
    'module.feeders.module.tasks.aws_iam_role_policy.task["timestream-access"]': (
        "name",
        "timestream-access",
    ),
    "module.config.aws_s3_bucket.config": ("bucket", "bus-simulator-config-123456789012"),
    'module.config.aws_s3_object.config["config/lines.yaml"]': ("key", "config/lines.yaml"),
    'module.config.aws_s3_object.config["config/network.json"]': ("key", "config/network.json"),
    "module.config.aws_s3_object.journal": ("key", "config/journal.json"),
    "module.config.aws_ssm_parameter.clock": ("name", "/bus-simulator/clock"),
    "module.secrets.aws_secretsmanager_secret.api_key": ("name", "bus-simulator/api-key"),
    "module.request_limits[0].aws_dynamodb_table.uses": ("name", "bus-simulator-request-limits"),
    "module.connections[0].aws_dynamodb_table.connections": ("name", "bus-simulator-websocket-connections"),
    "module.connections[0].aws_dynamodb_table.subscriptions": (
        "name",
        "bus-simulator-websocket-subscriptions",
    ),
    "module.events.aws_cloudwatch_event_bus.this": ("name", "bus-simulator-events"),
    "module.ecr.aws_ecr_repository.feeders": ("name", "bus-simulator-feeders"),
    'module.budget["monthly"].aws_budgets_budget.monthly': ("name", "bus-simulator-monthly-budget"),
    'module.timestream["tables"].aws_timestreamwrite_table.people_count': ("table_name", "people_count"),
    'module.timestream["tables"].aws_timestreamwrite_table.sensor_data': ("table_name", "sensor_data"),
    'module.timestream["tables"].aws_timestreamwrite_table.bus_position': ("table_name", "bus_position"),
    'module.timestream["tables"].aws_timestreamwrite_table.stop_visit': ("table_name", "stop_visit"),
    'module.timestream["tables"].aws_timestreamwrite_table.feeder_progress': (
        "table_name",
        "feeder_progress",
    ),
}
"""Which attribute of which resource has which value."""

LOG_GROUPS = {
    *(
        f"/aws/lambda/bus-simulator-{name}"
        for name in (
            "people-count",
            "sensors",
            "bus-position",
            "network",
            "websocket-handler",
            "rest-authorizer",
            "websocket-authorizer-v2",
        )
    ),
    *(
        f"/ecs/{name}"
        for name in ("people-count-feeder", "sensors-feeder", "bus-position-feeder", "mcp-server")
    ),
}

OUTPUTS = {
    "http_api_endpoint",
    "http_api_id",
    "rest_api_url",
    "websocket_api_endpoint",
    "mcp_api_endpoint",
    "mcp_vpc_link_id",
    "mcp_security_group_id",
    "aws_region",
}

READS = {"timestream:DescribeEndpoints", "timestream:DescribeTable", "timestream:Select"}
HEALTH = {"timestream:SelectValues"}
WRITES_LOG = {"logs:CreateLogStream", "logs:PutLogEvents"}
FUNCTION = {*WRITES_LOG, *READS, "s3:GetObject", "ssm:GetParameter"}
REST = {*FUNCTION, "dynamodb:GetItem", "dynamodb:UpdateItem"}
NETWORK_VERSIONS = {"s3:GetObject", "s3:GetObjectVersion", "s3:ListBucketVersions"}
AUTHORIZER = {*WRITES_LOG, "secretsmanager:GetSecretValue"}
ACTIONS = {
    "bus-simulator-people-count-role": REST,
    "bus-simulator-sensors-role": REST,
    "bus-simulator-bus-position-role": REST,
    "bus-simulator-network-role": {*REST, *HEALTH, "secretsmanager:GetSecretValue"},
    "bus-simulator-rest-authorizer-role": AUTHORIZER,
    "bus-simulator-websocket-authorizer-v2-role": AUTHORIZER,
    "bus-simulator-websocket-handler-role": {
        *FUNCTION,
        "dynamodb:DeleteItem",
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:Query",
        "dynamodb:UpdateItem",
        "execute-api:ManageConnections",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:ReceiveMessage",
        "sqs:SendMessage",
    },
    "bus-simulator-feeder-task-role": {
        *READS,
        *NETWORK_VERSIONS,
        "events:PutEvents",
        "s3:PutObject",
        "ssm:GetParameter",
        "timestream:WriteRecords",
    },
    "bus-simulator-mcp-task-role": {
        *READS,
        *HEALTH,
        *NETWORK_VERSIONS,
        "s3:PutObject",
        "secretsmanager:GetSecretValue",
        "ssm:GetParameter",
    },
    "bus-simulator-task-execution-role": {
        *WRITES_LOG,
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:GetAuthorizationToken",
        "ecr:GetDownloadUrlForLayer",
    },
}
"""What each role may do: what its program calls, and nothing else."""

SERVER_ACTIONS = {
    "bus-simulator-api-server-role": {
        *NETWORK_VERSIONS,
        "s3:PutObject",
        "secretsmanager:GetSecretValue",
        "ssm:GetParameter",
    },
    "bus-simulator-task-execution-role": {
        *ACTIONS["bus-simulator-task-execution-role"],
        "secretsmanager:GetSecretValue",
    },
}
"""What roles may do where servers answer from Aurora."""

NO_RESOURCE = {
    "ecr:GetAuthorizationToken",
    "timestream:DescribeEndpoints",
    "timestream:SelectValues",
}
"""Actions that know no resource, so that a policy has to say `*`."""
