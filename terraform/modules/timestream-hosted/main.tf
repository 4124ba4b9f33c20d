data "aws_region" "this" {}

locals {
  name    = "timestream-endpoint"
  port    = 4568
  file    = "duckdb:/tmp/timestream.duckdb"
  failure = "history failed"

  # History is written into the file before the endpoint opens it: by requests it would take minutes a day. Without
  # history the endpoint starts all the same.
  start = join(" ", [
    "bus-simulator ops seed --history ${var.history_in_days}d --store ${local.file}",
    "|| echo '{\"level\":\"ERROR\",\"message\":\"${local.failure}\"}';",
    "exec bus-simulator timestream-local --host 0.0.0.0 --port ${local.port} --store ${local.file}",
  ])
  ask = "import urllib.request as r; r.urlopen('http://127.0.0.1:${local.port}/health', timeout=4)"
}

resource "aws_cloudwatch_log_group" "task" {
  name              = "/ecs/${local.name}"
  retention_in_days = var.log_retention_in_days
}

# The disk is lost with its task, but its data can be made again with the same bytes, and feeders continue.
resource "aws_ecs_task_definition" "endpoint" {
  #checkov:skip=CKV_AWS_336:the endpoint keeps its data on the task's own disk
  family                   = local.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.size.cpu
  memory                   = var.size.memory
  execution_role_arn       = var.execution_role.arn
  task_role_arn            = aws_iam_role.task.arn

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = "ARM64"
  }

  container_definitions = jsonencode([{
    name         = "endpoint"
    image        = var.image
    dockerLabels = { image-digest = var.image_digest }
    entryPoint   = ["sh", "-c"]
    command      = [local.start]
    essential    = true
    stopTimeout  = 30
    portMappings = [{ containerPort = local.port, hostPort = local.port, protocol = "tcp" }]
    environment  = [for name in sort(keys(var.environment)) : { name = name, value = var.environment[name] }]
    secrets = [for token in ["reader", "writer"] : {
      name      = "BUS_SIMULATOR_${upper(token)}_TOKEN"
      valueFrom = aws_secretsmanager_secret.token[token].arn
    }]
    # History may take ten minutes: nothing answers before.
    healthCheck = { command = ["CMD", "python", "-c", local.ask], interval = 30, timeout = 5, retries = 10, startPeriod = 300 }
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.task.name
        awslogs-region        = data.aws_region.this.name
        awslogs-stream-prefix = "endpoint"
      }
    }
  }])
}

resource "aws_service_discovery_service" "endpoint" {
  name        = "timestream"
  description = "The hosted Timestream endpoint"

  # A destroy removes what ECS has left registered, too.
  force_destroy = true

  dns_config {
    namespace_id   = var.namespace.id
    routing_policy = "MULTIVALUE"

    dns_records {
      type = "A"
      ttl  = 10
    }
  }

  health_check_custom_config {
    failure_threshold = 1
  }
}

resource "aws_ecs_service" "endpoint" {
  #checkov:skip=CKV_AWS_333:without a NAT gateway a task needs a public address to reach AWS; only its clients may connect
  name            = local.name
  cluster         = var.cluster_id
  task_definition = aws_ecs_task_definition.endpoint.arn
  desired_count   = 1
  launch_type     = "FARGATE"
  propagate_tags  = "SERVICE"

  # Never two tasks: each would have half of the data.
  deployment_minimum_healthy_percent = 0
  deployment_maximum_percent         = 100

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = var.subnet_ids
    security_groups  = [aws_security_group.endpoint.id]
    assign_public_ip = true
  }

  service_registries {
    registry_arn = aws_service_discovery_service.endpoint.arn
  }

  depends_on = [
    aws_iam_role_policy.config,
    aws_iam_role_policy.logs,
    aws_iam_role_policy.tokens,
    aws_secretsmanager_secret_version.token,
  ]
}

# Without history the endpoint goes on, with a gap.
resource "aws_cloudwatch_log_metric_filter" "history_failed" {
  name           = "history-failed"
  log_group_name = aws_cloudwatch_log_group.task.name
  pattern        = "{ $.message = \"${local.failure}\" }"

  metric_transformation {
    namespace = var.metrics_namespace
    name      = "HistoryFailed"
    value     = "1"
    unit      = "Count"
  }
}
