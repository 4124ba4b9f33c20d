# For the whole account: a budget by tag counts nothing until the tag is activated for billing.
resource "aws_budgets_budget" "monthly" {
  name         = "bus-simulator-monthly-budget"
  budget_type  = "COST"
  limit_amount = tostring(var.limit_usd)
  limit_unit   = "USD"
  time_unit    = "MONTHLY"

  dynamic "notification" {
    for_each = { "50" = "ACTUAL", "80" = "ACTUAL", "100" = "ACTUAL", "110" = "FORECASTED" }

    content {
      comparison_operator       = "GREATER_THAN"
      threshold                 = tonumber(notification.key)
      threshold_type            = "PERCENTAGE"
      notification_type         = notification.value
      subscriber_sns_topic_arns = [var.topic_arn]
    }
  }
}
