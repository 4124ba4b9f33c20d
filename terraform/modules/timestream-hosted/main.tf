data "aws_region" "this" {}

locals {
  name  = "timestream-endpoint"
  port  = 4568
  local = "timestream://bus_simulator?region=${data.aws_region.this.name}&endpoint_url=http://127.0.0.1:${local.port}"

  # The health check calls an operation that needs no data.
  ask = join("; ", [
    "import urllib.request as r",
    "r.urlopen(r.Request('http://127.0.0.1:${local.port}/', b'{}', {'X-Amz-Target': 'Timestream_20181101.DescribeEndpoints', 'Content-Type': 'application/x-amz-json-1.0'}), timeout=4)",
  ])
  logs = { for container in ["endpoint", "refill"] : container => {
    logDriver = "awslogs"
    options = {
      awslogs-group         = aws_cloudwatch_log_group.task.name
      awslogs-region        = data.aws_region.this.name
      awslogs-stream-prefix = container
    }
  } }
}

resource "aws_cloudwatch_log_group" "task" {
  name              = "/ecs/${local.name}"
  retention_in_days = var.log_retention_in_days
}

# The disk is lost with its task, but its data can be made again: feeders create the tables and continue, and
# `refill` simulates the previous days with the same bytes.
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

  container_definitions = jsonencode([
    {
      name             = "endpoint"
      image            = var.image
      dockerLabels     = { image-digest = var.image_digest }
      command          = ["timestream-local", "--host", "0.0.0.0", "--port", tostring(local.port), "--store", "duckdb:/tmp/timestream.duckdb"]
      essential        = true
      stopTimeout      = 30
      portMappings     = [{ containerPort = local.port, hostPort = local.port, protocol = "tcp" }]
      healthCheck      = { command = ["CMD", "python", "-c", local.ask], interval = 10, timeout = 5, retries = 3, startPeriod = 30 }
      logConfiguration = local.logs["endpoint"]
    },
    {
      name             = "refill"
      image            = var.image
      dockerLabels     = { image-digest = var.image_digest }
      command          = ["backfill", "--days", tostring(var.history_in_days), "--store", local.local]
      essential        = false
      dependsOn        = [{ containerName = "endpoint", condition = "HEALTHY" }]
      environment      = [for name in sort(keys(var.environment)) : { name = name, value = var.environment[name] }]
      logConfiguration = local.logs["refill"]
    },
  ])
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

  depends_on = [aws_iam_role_policy.config, aws_iam_role_policy.logs]
}

# The refill isn't essential: the endpoint goes on without it, with gaps. Its exit code is in the task's events.
resource "aws_cloudwatch_event_rule" "refill_failed" {
  name        = "bus-simulator-refill-failed"
  description = "The hosted endpoint's refill has failed"

  event_pattern = jsonencode({
    source      = ["aws.ecs"]
    detail-type = ["ECS Task State Change"]
    detail = {
      clusterArn = [var.cluster_id]
      group      = ["service:${local.name}"]
      lastStatus = ["RUNNING"]
      containers = { exitCode = [{ anything-but = [0] }] }
    }
  })
}
