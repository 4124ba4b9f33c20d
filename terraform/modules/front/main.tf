data "aws_region" "this" {}

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

resource "aws_cloudwatch_log_group" "task" {
  name              = "/ecs/${local.name}"
  retention_in_days = var.log_retention_in_days
}

resource "aws_ecs_task_definition" "server" {
  #checkov:skip=CKV_AWS_336:the network file from S3 passes through /tmp
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
    name         = local.name
    image        = var.image
    dockerLabels = { image-digest = var.image_digest }
    command      = ["serve", "--host", "0.0.0.0", "--port", tostring(local.port)]
    essential    = true
    stopTimeout  = 60
    portMappings = [{ containerPort = local.port, hostPort = local.port, protocol = "tcp" }]
    environment  = [for name in sort(keys(local.environment)) : { name = name, value = local.environment[name] }]
    secrets      = [for name in sort(keys(var.secrets)) : { name = name, valueFrom = var.secrets[name] }]
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.task.name
        awslogs-region        = data.aws_region.this.name
        awslogs-stream-prefix = "api"
      }
    }
  }])
}

resource "aws_ecs_service" "server" {
  #checkov:skip=CKV_AWS_333:without a NAT gateway a task needs a public address to reach AWS; only the load balancer may connect
  name            = local.name
  cluster         = var.cluster.id
  task_definition = aws_ecs_task_definition.server.arn
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
    security_groups  = [aws_security_group.task.id]
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

  depends_on = [aws_iam_role_policy.task, aws_iam_role_policy.logs, aws_lb_listener.http, aws_lb_listener.https]
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
