mock_provider "aws" {
  source = "../../mocks"
}

variables {
  vpc_id         = "vpc-0123456789abcdef0"
  image          = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/bus-simulator-feeders:latest"
  environment    = { BUS_SIMULATOR_STORE = "timestream://bus_simulator?region=eu-west-1", BUS_SIMULATOR_LOG_LEVEL = "INFO" }
  secrets        = { PGPASSWORD = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:bus-simulator/database-password-abcdef" }
  execution_role = { name = "bus-simulator-task-execution-role", arn = "arn:aws:iam::123456789012:role/bus-simulator-task-execution-role" }
  log_policy     = "mcp-logs"
  role           = { name = "bus-simulator-mcp-task-role", description = "Permissions of the MCP server" }
  security_group = { name = "bus-simulator-mcp-server", description = "The MCP server: in from its VPC link only" }

  tasks = {
    mcp-server = { size = { cpu = 512, memory = 1024 }, command = ["mcp", "--port", "8081"], port = 8081, log_prefix = "mcp" }
  }

  timestream = {
    table_arns       = { for table in ["people_count", "bus_position"] : table => "arn:aws:timestream:eu-west-1:123456789012:database/bus_simulator/table/${table}" }
    actions          = ["timestream:DescribeTable", "timestream:Select"]
    unscoped_actions = ["timestream:DescribeEndpoints"]
  }

  config = {
    network_arn         = "arn:aws:s3:::bus-simulator-config-123456789012/config/lines.yaml"
    journal_arn         = "arn:aws:s3:::bus-simulator-config-123456789012/config/journal.json"
    journal_actions     = ["s3:GetObject"]
    clock_parameter_arn = "arn:aws:ssm:eu-west-1:123456789012:parameter/bus-simulator/clock"
  }

  api_keys = { secret_arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:bus-simulator/api-key-abcdef" }
}

run "a_container_of_the_image_with_its_log" {
  assert {
    condition = jsondecode(aws_ecs_task_definition.this["mcp-server"].container_definitions) == [{
      name         = "mcp-server"
      image        = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/bus-simulator-feeders:latest"
      dockerLabels = { image-digest = "none" }
      command      = ["mcp", "--port", "8081"]
      essential    = true
      stopTimeout  = 30
      portMappings = [{ containerPort = 8081, hostPort = 8081, protocol = "tcp" }]
      environment = [
        { name = "BUS_SIMULATOR_LOG_LEVEL", value = "INFO" },
        { name = "BUS_SIMULATOR_STORE", value = "timestream://bus_simulator?region=eu-west-1" },
      ]
      secrets          = [{ name = "PGPASSWORD", valueFrom = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:bus-simulator/database-password-abcdef" }]
      logConfiguration = { logDriver = "awslogs", options = { awslogs-group = "/ecs/mcp-server", awslogs-region = "eu-west-1", awslogs-stream-prefix = "mcp" } }
    }]
    error_message = "The container must be described completely, without what its task doesn't need."
  }

  assert {
    condition     = one(aws_ecs_task_definition.this["mcp-server"].runtime_platform).cpu_architecture == "ARM64" && aws_ecs_task_definition.this["mcp-server"].memory == "1024"
    error_message = "Tasks must run on arm64, which costs a fifth less, with the size given."
  }
}

run "the_role_may_do_only_what_is_said" {
  assert {
    condition     = output.policies == ["clock-access", "config-access", "secret-access", "timestream-access"] && data.aws_iam_policy_document.config["config-access"].statement[1].actions == toset(["s3:GetObject"])
    error_message = "The role must have a policy for each thing that the task reads."
  }
}

run "without_tables_configuration_and_keys_the_role_has_what_the_caller_adds" {
  variables {
    timestream = { table_arns = {}, actions = [], unscoped_actions = [] }
    config     = null
    api_keys   = null
    policies   = { config-access = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }

  assert {
    condition     = output.policies == ["config-access"]
    error_message = "What a task doesn't read it must not be allowed to."
  }
}

run "entry_point_health_check_and_another_name" {
  variables {
    tasks = {
      timestream-endpoint = {
        size         = { cpu = 2048, memory = 4096 }
        container    = "endpoint"
        entry_point  = ["sh", "-c"]
        command      = ["exec true"]
        log_prefix   = "endpoint"
        health_check = { command = ["CMD", "true"], interval = 30, timeout = 5, retries = 10, startPeriod = 300 }
      }
    }
  }

  assert {
    condition     = output.containers["timestream-endpoint"].name == "endpoint" && output.containers["timestream-endpoint"].entryPoint == ["sh", "-c"] && output.containers["timestream-endpoint"].healthCheck.startPeriod == 300 && !can(output.containers["timestream-endpoint"].portMappings)
    error_message = "The container must have what its task says, and no port without one."
  }
}

run "an_image_without_a_tag_is_refused" {
  command = plan

  variables {
    image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/bus-simulator-feeders"
  }

  expect_failures = [var.image]
}

run "a_size_that_fargate_lacks_is_refused" {
  command = plan

  variables {
    tasks = { some = { size = { cpu = 300, memory = 512 }, command = ["true"], log_prefix = "some" } }
  }

  expect_failures = [var.tasks]
}

run "a_memory_that_fargate_lacks_with_this_cpu_is_refused" {
  command = plan

  variables {
    tasks = { some = { size = { cpu = 256, memory = 8192 }, command = ["true"], log_prefix = "some" } }
  }

  expect_failures = [var.tasks]
}

run "half_a_gigabyte_is_refused_except_with_the_smallest_cpu" {
  command = plan

  variables {
    tasks = { some = { size = { cpu = 512, memory = 1536 }, command = ["true"], log_prefix = "some" } }
  }

  expect_failures = [var.tasks]
}

run "the_least_and_most_memory_for_each_cpu_are_accepted" {
  command = plan

  variables {
    tasks = {
      least  = { size = { cpu = 256, memory = 512 }, command = ["true"], log_prefix = "some" }
      most   = { size = { cpu = 4096, memory = 30720 }, command = ["true"], log_prefix = "some" }
      middle = { size = { cpu = 512, memory = 1024 }, command = ["true"], log_prefix = "some" }
    }
  }

  assert {
    condition     = keys(aws_ecs_task_definition.this) == ["least", "middle", "most"]
    error_message = "Each must have its definition."
  }
}
