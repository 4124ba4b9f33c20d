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
  clock_parameter_arn = "arn:aws:ssm:eu-west-1:123456789012:parameter/bus-simulator/clock"
  first_tokens        = { reader = "rrrrrrrrrrrrrrrrrrrr", writer = "wwwwwwwwwwwwwwwwwwww" }
  clients             = { feeders = "sg-0123456789abcdef0", mcp = "sg-0123456789abcdef1" }
}

run "an_endpoint_that_only_its_clients_reach" {
  assert {
    condition     = sort(keys(aws_vpc_security_group_ingress_rule.client)) == tolist(["feeders", "functions", "mcp"]) && alltrue([for rule in aws_vpc_security_group_ingress_rule.client : rule.from_port == 4568 && rule.cidr_ipv4 == null])
    error_message = "Only its clients may connect, to one port."
  }
}

run "a_new_task_has_its_history_before_it_answers" {
  assert {
    condition     = startswith(module.tasks.containers["timestream-endpoint"].command[0], "touch /tmp/history-loading; bus-simulator ops seed --history 5d --store duckdb:/tmp/timestream.duckdb || echo") && endswith(module.tasks.containers["timestream-endpoint"].command[0], "rm /tmp/history-loading; exec bus-simulator timestream-local --host 0.0.0.0 --port 4568 --store duckdb:/tmp/timestream.duckdb")
    error_message = "Every new task must write history into its file, and then serve it."
  }

  assert {
    condition     = slice(module.tasks.containers["timestream-endpoint"].healthCheck.command, 4, 7) == ["http://127.0.0.1:4568/health", "/tmp/history-loading", "/tmp/timestream.duckdb"]
    error_message = "A task that is loading history must count as healthy."
  }

  assert {
    condition     = strcontains(module.tasks.containers["timestream-endpoint"].command[0], "\"history failed\"") && aws_cloudwatch_log_metric_filter.history_failed.pattern == "{ $.message = \"history failed\" }"
    error_message = "The metric must count what the task logs if it has no history."
  }

  assert {
    condition     = aws_ecs_service.endpoint.desired_count == 1 && aws_ecs_service.endpoint.deployment_maximum_percent == 100
    error_message = "A deployment must never run two tasks, each with half of the data."
  }
}

run "readers_and_writers_have_different_tokens" {
  assert {
    condition     = [for secret in module.tasks.containers["timestream-endpoint"].secrets : secret.name] == ["BUS_SIMULATOR_READER_TOKEN", "BUS_SIMULATOR_WRITER_TOKEN"]
    error_message = "The endpoint must know both tokens."
  }
}

run "equal_tokens_are_refused" {
  command = plan

  variables {
    first_tokens = { reader = "rrrrrrrrrrrrrrrrrrrr", writer = "rrrrrrrrrrrrrrrrrrrr" }
  }

  expect_failures = [var.first_tokens]
}
