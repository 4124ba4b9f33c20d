output "definitions" {
  description = "The ARN of each task definition, by its family."
  value       = { for family, task in aws_ecs_task_definition.this : family => task.arn }
}

output "containers" {
  description = "Each task's container as its definition has it, by the family."
  value       = { for family, task in aws_ecs_task_definition.this : family => jsondecode(task.container_definitions)[0] }
}

output "sizes" {
  description = "The size of each task, by its family."
  value       = { for family, task in var.tasks : family => task.size }
}

output "log_groups" {
  description = "The name of each task's log group, by its family."
  value       = { for family, group in aws_cloudwatch_log_group.this : family => group.name }
}

output "role_arn" {
  description = "The tasks' role."
  value       = aws_iam_role.task.arn
}

output "policies" {
  description = "The names of the role's policies."
  value       = keys(aws_iam_role_policy.task)
}

output "security_group_id" {
  description = "The tasks' security group."
  value       = aws_security_group.this.id
}
