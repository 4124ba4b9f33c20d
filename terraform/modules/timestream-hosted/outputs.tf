output "service" {
  description = "The ECS service's name."
  value       = aws_ecs_service.endpoint.name
}

output "security_group_id" {
  description = "The endpoint's security group."
  value       = aws_security_group.endpoint.id
}

output "functions_security_group_id" {
  description = "The security group for functions that read the store."
  value       = aws_security_group.functions.id
}

output "failure_rules" {
  description = "Rules that match an event for each failure of the endpoint, by its name in alarms."
  value       = { timestream-refill = aws_cloudwatch_event_rule.refill_failed.name }
}
