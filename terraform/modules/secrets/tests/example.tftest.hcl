mock_provider "aws" {
  source = "../../mocks"
}

variables {
  first_key = "a-key-of-forty-characters-0123456789abcd"
}

run "the_secret_of_the_manual_and_no_key_in_the_state" {
  assert {
    condition     = aws_secretsmanager_secret.api_key.name == "bus-simulator/api-key"
    error_message = "The name must be the operations manual's."
  }

  assert {
    condition     = aws_secretsmanager_secret_version.first.secret_string_wo == null && try(aws_secretsmanager_secret_version.first.secret_string_wo_version, 0) == 1
    error_message = "The key must be written once and not be in the state."
  }
}

run "a_short_key_is_refused" {
  command = plan

  variables {
    first_key = "short"
  }

  expect_failures = [var.first_key]
}
