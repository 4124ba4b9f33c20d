output "service" {
  description = "The ECS service's name."
  value       = aws_ecs_service.endpoint.name
}

output "security_group_id" {
  description = "The endpoint's security group."
  value       = module.tasks.security_group_id
}

output "functions_security_group_id" {
  description = "The security group for functions that read the store."
  value       = aws_security_group.functions.id
}

output "token_secrets" {
  description = "The secrets with the tokens of the endpoint's clients, by what they may do: reader and writer."
  value       = { for name, secret in aws_secretsmanager_secret.token : name => { name = secret.name, arn = secret.arn } }
}

output "failure_metrics" {
  description = "Metrics of which each count is a failure of the endpoint, by its name in alarms."
  value = { timestream-history = {
    namespace = var.metrics_namespace
    name      = aws_cloudwatch_log_metric_filter.history_failed.metric_transformation[0].name
  } }
}
