output "connections" {
  description = "The table of connections: its name and ARN."
  value       = { name = aws_dynamodb_table.connections.name, arn = aws_dynamodb_table.connections.arn }
}

output "subscriptions" {
  description = "The table of subscriptions: its name and ARN."
  value       = { name = aws_dynamodb_table.subscriptions.name, arn = aws_dynamodb_table.subscriptions.arn }
}
