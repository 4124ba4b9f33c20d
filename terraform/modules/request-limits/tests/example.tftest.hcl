mock_provider "aws" {
  source = "../../mocks"
}

run "the_limits_of_the_contract" {
  assert {
    condition     = aws_dynamodb_table.uses.hash_key == "key_name" && aws_dynamodb_table.uses.range_key == "group_name"
    error_message = "A client must be a key and a group."
  }

  assert {
    condition     = output.environment == { BUS_SIMULATOR_LIMITS_TABLE = "bus-simulator-request-limits", BUS_SIMULATOR_RATE_LIMIT = "50", BUS_SIMULATOR_DAILY_LIMIT = "10000" }
    error_message = "Without a choice a client may ask 50 times a second and 10,000 times a day."
  }

  assert {
    condition     = one(aws_dynamodb_table.uses.ttl).enabled
    error_message = "Counts must expire."
  }
}

run "other_limits" {
  variables {
    limits = { rate_per_s = 0 }
  }

  assert {
    condition     = output.environment.BUS_SIMULATOR_RATE_LIMIT == "0" && output.environment.BUS_SIMULATOR_DAILY_LIMIT == "10000"
    error_message = "A limit must be changeable by itself."
  }
}

run "limits_below_zero_are_refused" {
  command = plan

  variables {
    limits = { per_day = -1 }
  }

  expect_failures = [var.limits]
}
