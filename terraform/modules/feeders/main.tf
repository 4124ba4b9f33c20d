data "aws_region" "this" {}

locals {
  ticked      = "/tmp/ticked"
  environment = merge(var.environment, { BUS_SIMULATOR_HEARTBEAT = local.ticked })

  feeders = {
    people-count-feeder = { feeder = "people-count", cpu = 256, memory = 1024 }
    sensors-feeder      = { feeder = "sensors", cpu = 256, memory = 1024 }
    bus-position-feeder = { feeder = "bus-position", cpu = 512, memory = 1024 }
  }
  sizes = { for name, feeder in local.feeders : name => lookup(var.sizes, name, { cpu = feeder.cpu, memory = feeder.memory }) }
}

resource "aws_cloudwatch_log_group" "feeder" {
  for_each = local.feeders

  name              = "/ecs/${each.key}"
  retention_in_days = var.log_retention_in_days
}

# Each tick's log line has the feeder's lag; a metric filter needs neither a permission nor code.
resource "aws_cloudwatch_log_metric_filter" "lag" {
  for_each = local.feeders

  name           = "lag"
  log_group_name = aws_cloudwatch_log_group.feeder[each.key].name
  pattern        = "{ $.lag_s = * && $.feeder = \"${each.value.feeder}\" }"

  metric_transformation {
    namespace  = var.metrics_namespace
    name       = "FeederLag"
    value      = "$.lag_s"
    unit       = "Seconds"
    dimensions = { Feeder = "$.feeder" }
  }
}

resource "aws_security_group" "feeders" {
  name        = "bus-simulator-feeders"
  description = "Feeders: nothing comes in"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_egress_rule" "https" {
  security_group_id = aws_security_group.feeders.id
  description       = "AWS services"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_ecs_task_definition" "feeder" {
  for_each = local.feeders
  #checkov:skip=CKV_AWS_336:the network file from S3 passes through /tmp

  family                   = each.key
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = local.sizes[each.key].cpu
  memory                   = local.sizes[each.key].memory
  execution_role_arn       = var.execution_role.arn
  task_role_arn            = aws_iam_role.task.arn

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = "ARM64"
  }

  container_definitions = jsonencode([{
    name         = each.key
    image        = var.image
    dockerLabels = { image-digest = var.image_digest }
    command      = ["feed", each.value.feeder]
    essential    = true
    stopTimeout  = 30
    environment  = [for name in sort(keys(local.environment)) : { name = name, value = local.environment[name] }]
    secrets      = [for name in sort(keys(var.secrets)) : { name = name, valueFrom = var.secrets[name] }]
    # ECS replaces a task that never begins to tick, and a deploy of such tasks rolls back. A feeder that writes nothing
    # later may wait for the store, or its clock is paused: alarms on lag and data say so.
    healthCheck = { command = ["CMD", "test", "-e", local.ticked], interval = 30, timeout = 5, retries = 5, startPeriod = 300 }
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.feeder[each.key].name
        awslogs-region        = data.aws_region.this.name
        awslogs-stream-prefix = "feeder"
      }
    }
  }])
}

resource "aws_ecs_service" "feeder" {
  for_each = local.feeders
  #checkov:skip=CKV_AWS_333:without a NAT gateway a task needs a public address to reach AWS; no inbound traffic is allowed

  name            = each.key
  cluster         = var.cluster_id
  task_definition = aws_ecs_task_definition.feeder[each.key].arn
  desired_count   = 1
  launch_type     = "FARGATE"
  propagate_tags  = "SERVICE"

  # One task at a time: the next one continues where this one stopped.
  deployment_minimum_healthy_percent = 0
  deployment_maximum_percent         = 100

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = var.subnet_ids
    security_groups  = [aws_security_group.feeders.id]
    assign_public_ip = true
  }

  depends_on = [aws_iam_role_policy.task, aws_iam_role_policy.logs]
}
