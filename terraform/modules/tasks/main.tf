data "aws_region" "this" {}

locals {
  environment = [for name in sort(keys(var.environment)) : { name = name, value = var.environment[name] }]
  secrets     = [for name in sort(keys(var.secrets)) : { name = name, valueFrom = var.secrets[name] }]

  containers = { for family, task in var.tasks : family => merge(
    {
      name         = coalesce(task.container, family)
      image        = var.image
      dockerLabels = { image-digest = var.image_digest }
      command      = task.command
      essential    = true
      stopTimeout  = task.stop_timeout_s
      environment  = local.environment
      secrets      = local.secrets
      logConfiguration = {
        logDriver = "awslogs"
        options = {
          awslogs-group         = aws_cloudwatch_log_group.this[family].name
          awslogs-region        = data.aws_region.this.name
          awslogs-stream-prefix = task.log_prefix
        }
      }
    },
    task.entry_point == null ? {} : { entryPoint = task.entry_point },
    task.port == null ? {} : { portMappings = [{ containerPort = task.port, hostPort = task.port, protocol = "tcp" }] },
    task.health_check == null ? {} : { healthCheck = task.health_check },
  ) }
}

resource "aws_cloudwatch_log_group" "this" {
  for_each = var.tasks

  name              = "/ecs/${each.key}"
  retention_in_days = var.log_retention_in_days
}

resource "aws_ecs_task_definition" "this" {
  for_each = var.tasks
  #checkov:skip=CKV_AWS_336:the network file from S3 passes through /tmp, where the hosted endpoint keeps its data, too

  family                   = each.key
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = each.value.size.cpu
  memory                   = each.value.size.memory
  execution_role_arn       = var.execution_role.arn
  task_role_arn            = aws_iam_role.task.arn

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = "ARM64"
  }

  container_definitions = jsonencode([local.containers[each.key]])
}

resource "aws_security_group" "this" {
  name        = var.security_group.name
  description = var.security_group.description
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_egress_rule" "https" {
  security_group_id = aws_security_group.this.id
  description       = "AWS services"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}
