output "bus_name" {
  description = "The bus's name."
  value       = aws_cloudwatch_event_bus.this.name
}

output "bus_arn" {
  description = "The bus's ARN, for permissions to publish."
  value       = aws_cloudwatch_event_bus.this.arn
}

output "stopped_rules" {
  description = "The rule that counts each service's stopped tasks."
  value       = { for name, rule in aws_cloudwatch_event_rule.stopped : name => rule.name }
}

output "dead_letter_queue" {
  description = "The queue of events that reached no WebSocket client."
  value       = aws_sqs_queue.undelivered.name
}
