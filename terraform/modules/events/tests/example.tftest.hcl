mock_provider "aws" {
  source = "../../mocks"
}

variables {
  websocket_handler = { name = "bus-simulator-websocket-handler", arn = "arn:aws:lambda:eu-west-1:123456789012:function:bus-simulator-websocket-handler" }
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
    condition     = keys(aws_cloudwatch_event_rule.stopped) == ["mcp-server", "people-count-feeder"]
    error_message = "A rule for each service."
  }
}
