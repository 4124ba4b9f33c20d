data "aws_region" "this" {}

locals {
  name = "mcp-server"
  port = 8081

  # Accepted Host headers: requests through the link carry the API's name, or Cloud Map's.
  environment = merge(var.environment, {
    BUS_SIMULATOR_ALLOWED_HOSTS = join(",", [
      trimprefix(aws_apigatewayv2_api.mcp.api_endpoint, "https://"),
      "${local.name}.${var.namespace.name}",
    ])
  })
}

resource "aws_cloudwatch_log_group" "task" {
  name              = "/ecs/${local.name}"
  retention_in_days = var.log_retention_in_days
}

resource "aws_ecs_task_definition" "mcp_server" {
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
    command      = ["mcp", "--host", "0.0.0.0", "--port", tostring(local.port)]
    essential    = true
    stopTimeout  = 30
    portMappings = [{ containerPort = local.port, hostPort = local.port, protocol = "tcp" }]
    environment  = [for name in sort(keys(local.environment)) : { name = name, value = local.environment[name] }]
    secrets      = [for name in sort(keys(var.secrets)) : { name = name, valueFrom = var.secrets[name] }]
    # ECS replaces a task that doesn't answer. The check doesn't use /health, which queries the store: that would
    # be charged all day, and a new task doesn't repair an unavailable store.
    healthCheck = {
      command     = ["CMD", "python", "-c", "import http.client as h; c = h.HTTPConnection('127.0.0.1', ${local.port}, timeout=4); c.request('GET', '/'); raise SystemExit(c.getresponse().status >= 500)"]
      interval    = 15
      timeout     = 5
      retries     = 3
      startPeriod = 60
    }
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.task.name
        awslogs-region        = data.aws_region.this.name
        awslogs-stream-prefix = "mcp"
      }
    }
  }])
}

# Cloud Map tells API Gateway the tasks' addresses for cents; a load balancer would cost as much as the tasks.
resource "aws_service_discovery_service" "mcp_server" {
  name        = local.name
  description = "The MCP server's tasks, for API Gateway"

  # A destroy removes what ECS has left registered, too.
  force_destroy = true

  dns_config {
    namespace_id   = var.namespace.id
    routing_policy = "MULTIVALUE"

    # SRV records, since API Gateway needs the port, too.
    dns_records {
      type = "SRV"
      ttl  = 10
    }
  }

  # ECS reports the containers' health to Cloud Map.
  health_check_custom_config {
    failure_threshold = 1
  }
}

resource "aws_ecs_service" "mcp_server" {
  #checkov:skip=CKV_AWS_333:without a NAT gateway a task needs a public address to reach AWS; only the VPC link may connect
  name            = local.name
  cluster         = var.cluster_id
  task_definition = aws_ecs_task_definition.mcp_server.arn
  desired_count   = 1
  launch_type     = "FARGATE"
  propagate_tags  = "SERVICE"

  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = var.subnet_ids
    security_groups  = [aws_security_group.task.id]
    assign_public_ip = true
  }

  service_registries {
    registry_arn   = aws_service_discovery_service.mcp_server.arn
    container_name = local.name
    container_port = local.port
  }

  depends_on = [aws_iam_role_policy.task, aws_iam_role_policy.logs]
}
