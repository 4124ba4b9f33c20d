mock_provider "aws" {
  source = "../../mocks"
}

variables {
  websocket_handler = { name = "bus-simulator-websocket-handler", arn = "arn:aws:lambda:eu-west-1:123456789012:function:bus-simulator-websocket-handler", role = "bus-simulator-websocket-handler-role" }
  cluster_id        = "arn:aws:ecs:eu-west-1:123456789012:cluster/bus-simulator-cluster"
  services          = ["people-count-feeder", "mcp-server"]
}

run "positions_reach_the_handler_and_stopped_tasks_are_counted" {
  assert {
    condition     = aws_cloudwatch_event_bus.this.name == "bus-simulator-events"
    error_message = "The bus of the contract."
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.positions.event_pattern) == { source = ["bus-simulator"], detail-type = ["bus.position.updated"] }
    error_message = "Positions, and nothing else."
  }

  assert {
    condition     = aws_lambda_function_event_invoke_config.positions.function_name == "bus-simulator-websocket-handler" && aws_lambda_function_event_invoke_config.positions.maximum_event_age_in_seconds == 60 && aws_lambda_function_event_invoke_config.positions.maximum_retry_attempts == 0
    error_message = "No old position is sent after a new one."
  }

  assert {
    condition     = one(one(aws_lambda_function_event_invoke_config.positions.destination_config).on_failure).destination == aws_sqs_queue.undelivered.arn && aws_iam_role_policy.undelivered.role == "bus-simulator-websocket-handler-role"
    error_message = "What the handler couldn't do is put aside, as it may."
  }

  assert {
    condition     = one(one(aws_cloudwatch_event_target.websocket.retry_policy)[*].maximum_event_age_in_seconds) == 60 && one(aws_cloudwatch_event_target.websocket.dead_letter_config).arn == aws_sqs_queue.undelivered.arn
    error_message = "What the bus can't hand over is put aside, too."
  }

  assert {
    condition     = keys(aws_cloudwatch_event_rule.stopped) == ["mcp-server", "people-count-feeder"]
    error_message = "A rule for each service."
  }
}
