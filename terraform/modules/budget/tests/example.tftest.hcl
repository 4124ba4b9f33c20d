mock_provider "aws" {
  source = "../../mocks"
}

variables {
  limit_usd = 200
  topic_arn = "arn:aws:sns:eu-west-1:123456789012:bus-simulator-alarms"
}

run "the_budget_of_the_manual" {
  assert {
    condition     = aws_budgets_budget.monthly.name == "bus-simulator-monthly-budget" && aws_budgets_budget.monthly.limit_amount == "200"
    error_message = "The name must be the operations manual's."
  }

  assert {
    condition     = sort([for warning in aws_budgets_budget.monthly.notification : "${warning.threshold} ${warning.notification_type}"]) == sort(["50 ACTUAL", "80 ACTUAL", "100 ACTUAL", "110 FORECASTED"])
    error_message = "The budget must warn at these thresholds."
  }
}

run "a_budget_of_nothing_is_refused" {
  command = plan

  variables {
    limit_usd = 0
  }

  expect_failures = [var.limit_usd]
}
