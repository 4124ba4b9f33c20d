output "table_arn" {
  description = "The table's ARN."
  value       = aws_dynamodb_table.uses.arn
}

output "environment" {
  description = "The settings of functions that count requests, by the names of their environment variables."
  value = {
    BUS_SIMULATOR_LIMITS_TABLE = aws_dynamodb_table.uses.name
    BUS_SIMULATOR_RATE_LIMIT   = tostring(var.limits.rate_per_s)
    BUS_SIMULATOR_DAILY_LIMIT  = tostring(var.limits.per_day)
  }
}
