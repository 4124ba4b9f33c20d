locals {
  name = "api-server"
  port = 8080

  # The MCP server answers only to these Host headers.
  environment = merge(var.environment, {
    BUS_SIMULATOR_ALLOWED_HOSTS = join(",", concat([aws_lb.front.dns_name], var.domain == null ? [] : [var.domain]))
    BUS_SIMULATOR_RATE_LIMIT    = tostring(var.limits.rate_per_s)
    BUS_SIMULATOR_DAILY_LIMIT   = tostring(var.limits.per_day)
  })
}

module "tasks" {
  source = "../tasks"

  vpc_id       = var.vpc_id
  image        = var.image
  image_digest = var.image_digest
  environment  = local.environment
  secrets      = var.secrets

  tasks = {
    (local.name) = {
      size           = var.size
      command        = ["serve", "--host", "0.0.0.0", "--port", tostring(local.port)]
      port           = local.port
      stop_timeout_s = 60
      log_prefix     = "api"
    }
  }

  role           = { name = "bus-simulator-api-server-role", description = "Permissions of the API servers" }
  security_group = { name = "bus-simulator-api-server", description = "The API servers: in from the load balancer only" }
  execution_role = var.execution_role
  log_policy     = "api-server-logs"
  timestream     = { table_arns = var.timestream_table_arns, actions = ["timestream:DescribeTable", "timestream:Select"], unscoped_actions = ["timestream:DescribeEndpoints", "timestream:SelectValues"] }
  api_keys       = { secret_arn = var.secret_arn }

  # Holders of the main key disturb the city by these servers.
  config = {
    network_arn         = var.network_arn
    journal_arn         = var.journal_arn
    journal_actions     = ["s3:GetObject", "s3:PutObject"]
    clock_parameter_arn = var.clock_parameter_arn
  }

  log_retention_in_days = var.log_retention_in_days
}

resource "aws_ecs_service" "server" {
  #checkov:skip=CKV_AWS_333:without a NAT gateway a task needs a public address to reach AWS; only the load balancer may connect
  name            = local.name
  cluster         = var.cluster.id
  task_definition = module.tasks.definitions[local.name]
  desired_count   = var.tasks.min
  launch_type     = "FARGATE"
  propagate_tags  = "SERVICE"

  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200

  # A task loads the network, and retries while the store can't be reached.
  health_check_grace_period_seconds = 180

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = var.subnet_ids
    security_groups  = [module.tasks.security_group_id]
    assign_public_ip = true
  }

  load_balancer {
    target_group_arn = aws_lb_target_group.server.arn
    container_name   = local.name
    container_port   = local.port
  }

  # Autoscaling sets the number of tasks.
  lifecycle {
    ignore_changes = [desired_count]
  }

  depends_on = [module.tasks, aws_lb_listener.http, aws_lb_listener.https]
}

resource "aws_appautoscaling_target" "tasks" {
  service_namespace  = "ecs"
  scalable_dimension = "ecs:service:DesiredCount"
  resource_id        = "service/${var.cluster.name}/${aws_ecs_service.server.name}"
  min_capacity       = var.tasks.min
  max_capacity       = var.tasks.max
}

# Requests, sockets and feeds all cost processor time, so one target is enough. Tasks are removed slowly, since
# the WebSocket clients of a removed task have to reconnect.
resource "aws_appautoscaling_policy" "cpu" {
  name               = "cpu"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.tasks.service_namespace
  scalable_dimension = aws_appautoscaling_target.tasks.scalable_dimension
  resource_id        = aws_appautoscaling_target.tasks.resource_id

  target_tracking_scaling_policy_configuration {
    target_value       = var.cpu_target
    scale_out_cooldown = 60
    scale_in_cooldown  = 600

    predefined_metric_specification {
      predefined_metric_type = "ECSServiceAverageCPUUtilization"
    }
  }
}
