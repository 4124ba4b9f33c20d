locals {
  name    = "timestream-endpoint"
  port    = 4568
  file    = "/tmp/timestream.duckdb"
  loading = "/tmp/history-loading"
  failure = "history failed"

  # History is written into the file before the endpoint opens it: by requests it would take minutes a day. Without
  # history the endpoint starts all the same.
  start = join(" ", [
    "touch ${local.loading};",
    "bus-simulator ops seed --history ${var.history_in_days}d --store duckdb:${local.file}",
    "|| echo '{\"level\":\"ERROR\",\"message\":\"${local.failure}\"}';",
    "rm ${local.loading};",
    "exec bus-simulator timestream-local --host 0.0.0.0 --port ${local.port} --store duckdb:${local.file}",
  ])
  health = ["CMD", "python", "-c", file("${path.module}/health.py"), "http://127.0.0.1:${local.port}/health", local.loading, local.file]
}

# The disk is lost with its task, but its data can be made again with the same bytes, and feeders continue.
module "tasks" {
  source = "../tasks"

  vpc_id       = var.vpc_id
  image        = var.image
  image_digest = var.image_digest
  environment  = var.environment
  secrets      = { for token in ["reader", "writer"] : "BUS_SIMULATOR_${upper(token)}_TOKEN" => aws_secretsmanager_secret.token[token].arn }

  tasks = {
    (local.name) = {
      size        = var.size
      container   = "endpoint"
      entry_point = ["sh", "-c"]
      command     = [local.start]
      port        = local.port
      log_prefix  = "endpoint"

      # Nothing answers before the history is loaded, which is healthy as long as it goes on.
      health_check = { command = local.health, interval = 30, timeout = 5, retries = 10, startPeriod = 300 }
    }
  }

  role           = { name = "bus-simulator-timestream-endpoint-role", description = "Permissions of the hosted Timestream endpoint" }
  security_group = { name = "bus-simulator-timestream-endpoint", description = "The hosted Timestream endpoint: in from its clients only" }
  execution_role = var.execution_role
  log_policy     = "timestream-endpoint-logs"
  policies       = { config-access = data.aws_iam_policy_document.config.json }

  log_retention_in_days = var.log_retention_in_days
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
  task_definition = module.tasks.definitions[local.name]
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
    security_groups  = [module.tasks.security_group_id]
    assign_public_ip = true
  }

  service_registries {
    registry_arn = aws_service_discovery_service.endpoint.arn
  }

  depends_on = [
    module.tasks,
    aws_iam_role_policy.tokens,
    aws_secretsmanager_secret_version.token,
  ]
}

# Without history the endpoint goes on, with a gap.
resource "aws_cloudwatch_log_metric_filter" "history_failed" {
  name           = "history-failed"
  log_group_name = module.tasks.log_groups[local.name]
  pattern        = "{ $.message = \"${local.failure}\" }"

  metric_transformation {
    namespace = var.metrics_namespace
    name      = "HistoryFailed"
    value     = "1"
    unit      = "Count"
  }
}
