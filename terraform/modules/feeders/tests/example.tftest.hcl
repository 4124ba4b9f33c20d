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
  event_bus           = { arn = "arn:aws:events:eu-west-1:123456789012:event-bus/bus-simulator-events" }
  clock_parameter_arn = "arn:aws:ssm:eu-west-1:123456789012:parameter/bus-simulator/clock"

  latest_object_arns = [for name in ["bus_position.json.gz", "people_count.json.gz", "sensor_data.json.gz", "gtfs.zip"] :
    "arn:aws:s3:::bus-simulator-latest-123456789012/latest/${name}"
  ]

  timestream_table_arns = { for table in ["people_count", "sensor_data", "bus_position", "stop_visit", "feeder_progress"] :
    table => "arn:aws:timestream:eu-west-1:123456789012:database/bus_simulator/table/${table}"
  }
}

run "the_three_feeders_of_the_manual" {
  assert {
    condition     = keys(aws_ecs_service.feeder) == ["bus-position-feeder", "people-count-feeder", "sensors-feeder"]
    error_message = "The services must be the operations manual's."
  }

  assert {
    condition     = { for name, container in module.tasks.containers : name => container.command } == { bus-position-feeder = ["feed", "bus-position"], people-count-feeder = ["feed", "people-count"], sensors-feeder = ["feed", "sensors"] }
    error_message = "Each service must run its own feeder."
  }

  assert {
    condition     = keys(module.tasks.log_groups) == keys(aws_ecs_service.feeder) && module.tasks.log_groups["sensors-feeder"] == "/ecs/sensors-feeder"
    error_message = "Each service must have its log group."
  }

  assert {
    condition     = contains(module.tasks.policies, "timestream-access")
    error_message = "The policy must be the operations manual's."
  }

  assert {
    condition = alltrue([for container in module.tasks.containers : contains(
      [for variable in container.environment : variable.value if variable.name == "BUS_SIMULATOR_HEARTBEAT"],
      container.healthCheck.command[3],
    )])
    error_message = "The health check must look for the file that the feeder touches at each tick."
  }
}

run "an_unknown_feeder_is_refused" {
  command = plan

  variables {
    sizes = { trams-feeder = { cpu = 256, memory = 512 } }
  }

  expect_failures = [var.sizes]
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

run "sizes_are_those_given" {
  command = plan

  variables {
    sizes = { people-count-feeder = { cpu = 256, memory = 512 }, sensors-feeder = { cpu = 4096, memory = 30720 }, bus-position-feeder = { cpu = 512, memory = 1024 } }
  }

  assert {
    condition     = module.tasks.sizes["sensors-feeder"].memory == 30720
    error_message = "The memory must be the one given."
  }
}

run "feeders_write_and_publish_what_functions_need" {
  assert {
    condition     = contains(module.tasks.policies, "events-access") && one(data.aws_iam_policy_document.latest["latest-access"].statement).resources == toset(var.latest_object_arns)
    error_message = "Feeders must be allowed to publish positions and to write the objects."
  }
}

run "feeders_of_servers_only_write_into_the_store" {
  variables {
    event_bus          = null
    latest_object_arns = []
  }

  assert {
    condition     = module.tasks.policies == ["clock-access", "config-access", "timestream-access"]
    error_message = "Nobody reads events and objects where servers answer."
  }
}
