mock_provider "aws" {
  source = "../../mocks"
}

run "the_tables_of_the_contract" {
  assert {
    condition = (
      aws_dynamodb_table.connections.name == "bus-simulator-websocket-connections"
      && aws_dynamodb_table.connections.hash_key == "connection_id"
      && one(aws_dynamodb_table.connections.global_secondary_index).name == "by-group"
    )
    error_message = "Connections by their id, and by their group."
  }

  assert {
    condition = (
      aws_dynamodb_table.subscriptions.name == "bus-simulator-websocket-subscriptions"
      && aws_dynamodb_table.subscriptions.hash_key == "line_id"
      && aws_dynamodb_table.subscriptions.range_key == "connection_id"
    )
    error_message = "Who wants a line is one query."
  }

  assert {
    condition     = alltrue([for table in [aws_dynamodb_table.connections, aws_dynamodb_table.subscriptions] : one(table.ttl).enabled])
    error_message = "What is forgotten goes by itself."
  }
}
