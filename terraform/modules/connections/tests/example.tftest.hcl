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
    error_message = "The table must have the key connection_id and an index by group."
  }

  assert {
    condition = (
      aws_dynamodb_table.subscriptions.name == "bus-simulator-websocket-subscriptions"
      && aws_dynamodb_table.subscriptions.hash_key == "line_id"
      && aws_dynamodb_table.subscriptions.range_key == "connection_id"
    )
    error_message = "The key must make the subscribers of a line one query."
  }

  assert {
    condition     = alltrue([for table in [aws_dynamodb_table.connections, aws_dynamodb_table.subscriptions] : one(table.ttl).enabled])
    error_message = "Both tables must expire their items."
  }
}
