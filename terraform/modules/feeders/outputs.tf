output "services" {
  description = "The feeders' services."
  value       = sort(keys(aws_ecs_service.feeder))
}

output "feeders" {
  description = "What each service's feeder is called in logs and metrics."
  value       = { for name, feeder in local.feeders : name => feeder.feeder }
}

output "security_group_id" {
  description = "The feeders' security group."
  value       = module.tasks.security_group_id
}

output "task_role_arn" {
  description = "The feeders' role."
  value       = module.tasks.role_arn
}
