mock_provider "aws" {
  source = "../../mocks"
}

variables {
  vpc_id              = "vpc-0123456789abcdef0"
  subnet_ids          = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
  cluster_id          = "arn:aws:ecs:eu-west-1:123456789012:cluster/bus-simulator-cluster"
  execution_role      = { name = "bus-simulator-task-execution-role", arn = "arn:aws:iam::123456789012:role/bus-simulator-task-execution-role" }
  image               = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/bus-simulator-feeders:latest"
  environment         = { BUS_SIMULATOR_STORE = "timestream://bus_simulator?region=eu-west-1" }
  network_arn         = "arn:aws:s3:::bus-simulator-config-123456789012/config/lines.yaml"
  journal_arn         = "arn:aws:s3:::bus-simulator-config-123456789012/config/journal.json"
  namespace           = { id = "ns-abcdefghijklmnop", name = "bus-simulator.internal" }
  secret_arn          = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:bus-simulator/api-key-abcdef"
  clock_parameter_arn = "arn:aws:ssm:eu-west-1:123456789012:parameter/bus-simulator/clock"

  timestream_table_arns = { for table in ["people_count", "sensor_data", "bus_position", "stop_visit", "feeder_progress"] :
    table => "arn:aws:timestream:eu-west-1:123456789012:database/bus_simulator/table/${table}"
  }
}

run "one_healthy_task_behind_the_link" {
  assert {
    condition     = aws_ecs_service.mcp_server.name == "mcp-server" && aws_ecs_service.mcp_server.desired_count == 1
    error_message = "The service must be the operations manual's."
  }

  assert {
    condition     = one(aws_ecs_service.mcp_server.service_registries).container_port == 8081 && one(one(aws_service_discovery_service.mcp_server.dns_config).dns_records).type == "SRV"
    error_message = "The tasks must be registered in Cloud Map with their port."
  }

  assert {
    condition     = strcontains(module.tasks.containers["mcp-server"].healthCheck.command[3], "8081")
    error_message = "The health check must use the container's own port."
  }

  assert {
    condition     = !strcontains(module.tasks.containers["mcp-server"].healthCheck.command[3], "/health")
    error_message = "The health check must not query the store: that is charged all day, and stops healthy tasks."
  }

  assert {
    condition     = aws_apigatewayv2_integration.mcp.connection_type == "VPC_LINK" && aws_apigatewayv2_route.all.route_key == "$default"
    error_message = "All requests must go through the VPC link."
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.task_from_link.from_port == 8081 && aws_vpc_security_group_ingress_rule.task_from_link.cidr_ipv4 == null
    error_message = "Only the VPC link may connect."
  }
}

run "a_hosted_store_needs_no_policy" {
  variables {
    timestream_table_arns = {}
  }

  assert {
    condition     = !contains(module.tasks.policies, "timestream-access")
    error_message = "Without Timestream tables the role must have no Timestream permissions."
  }
}

run "the_apis_own_domain_is_an_accepted_host" {
  variables {
    domain = "mcp.example.org"
  }

  assert {
    condition     = endswith(one([for variable in module.tasks.containers["mcp-server"].environment : variable.value if variable.name == "BUS_SIMULATOR_ALLOWED_HOSTS"]), ".internal,mcp.example.org")
    error_message = "The MCP server must accept the domain beside its other names."
  }
}
