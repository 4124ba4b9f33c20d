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
    error_message = "The bus must have this name."
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.positions.event_pattern) == { source = ["bus-simulator"], detail-type = ["bus.position.updated"] }
    error_message = "The rule must match positions only."
  }

  assert {
    condition     = aws_lambda_function_event_invoke_config.positions[0].function_name == "bus-simulator-websocket-handler" && aws_lambda_function_event_invoke_config.positions[0].maximum_event_age_in_seconds == 60 && aws_lambda_function_event_invoke_config.positions[0].maximum_retry_attempts == 0
    error_message = "Lambda must not retry events."
  }

  assert {
    condition     = one(one(aws_lambda_function_event_invoke_config.positions[0].destination_config).on_failure).destination == aws_sqs_queue.undelivered.arn && aws_iam_role_policy.undelivered[0].role == "bus-simulator-websocket-handler-role"
    error_message = "Failed events must go to the queue, and the handler's role must allow that."
  }

  assert {
    condition     = one(one(aws_cloudwatch_event_target.websocket[0].retry_policy)[*].maximum_event_age_in_seconds) == 60 && one(aws_cloudwatch_event_target.websocket[0].dead_letter_config).arn == aws_sqs_queue.undelivered.arn
    error_message = "Undelivered events must go to the queue, too."
  }

  assert {
    condition     = keys(aws_cloudwatch_event_rule.stopped) == ["mcp-server", "people-count-feeder"]
    error_message = "There must be a rule for each service."
  }
}

run "without_a_handler_nothing_is_called" {
  variables {
    websocket_handler = null
  }

  assert {
    condition     = length(aws_cloudwatch_event_target.websocket) + length(aws_lambda_permission.positions) == 0
    error_message = "Without a handler there must be no target and no permission."
  }
}
