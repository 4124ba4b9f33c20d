locals {
  name = "mcp-server"
  port = 8081

  # Accepted Host headers: requests through the link carry the API's name, its domain, or Cloud Map's.
  environment = merge(var.environment, {
    BUS_SIMULATOR_ALLOWED_HOSTS = join(",", concat([
      trimprefix(aws_apigatewayv2_api.mcp.api_endpoint, "https://"),
      "${local.name}.${var.namespace.name}",
    ], var.domain[*]))
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
      size       = var.size
      command    = ["mcp", "--host", "0.0.0.0", "--port", tostring(local.port)]
      port       = local.port
      log_prefix = "mcp"

      # ECS replaces a task that doesn't answer. The check doesn't use /health, which queries the store: that would
      # be charged all day, and a new task doesn't repair an unavailable store.
      health_check = {
        command     = ["CMD", "python", "-c", "import http.client as h; c = h.HTTPConnection('127.0.0.1', ${local.port}, timeout=4); c.request('GET', '/'); raise SystemExit(c.getresponse().status >= 500)"]
        interval    = 15
        timeout     = 5
        retries     = 3
        startPeriod = 60
      }
    }
  }

  role           = { name = "bus-simulator-mcp-task-role", description = "Permissions of the MCP server" }
  security_group = { name = "bus-simulator-mcp-server", description = "The MCP server: in from its VPC link only" }
  execution_role = var.execution_role
  log_policy     = "mcp-logs"
  timestream     = { table_arns = var.timestream_table_arns, actions = ["timestream:DescribeTable", "timestream:Select"], unscoped_actions = ["timestream:DescribeEndpoints", "timestream:SelectValues"] }
  api_keys       = { secret_arn = var.secret_arn }

  # Holders of the main key disturb the city by this server.
  config = {
    network_arn         = var.network_arn
    journal_arn         = var.journal_arn
    journal_actions     = ["s3:GetObject", "s3:PutObject"]
    clock_parameter_arn = var.clock_parameter_arn
  }

  log_retention_in_days = var.log_retention_in_days
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
  task_definition = module.tasks.definitions[local.name]
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
    security_groups  = [module.tasks.security_group_id]
    assign_public_ip = true
  }

  service_registries {
    registry_arn   = aws_service_discovery_service.mcp_server.arn
    container_name = local.name
    container_port = local.port
  }

  depends_on = [module.tasks]
}
