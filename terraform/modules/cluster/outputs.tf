output "id" {
  description = "The cluster's ARN."
  value       = aws_ecs_cluster.this.id
}

output "name" {
  description = "The cluster's name."
  value       = aws_ecs_cluster.this.name
}

output "execution_role" {
  description = "The role that starts tasks: its name, to add log groups to, and its ARN."
  value       = { name = aws_iam_role.execution.name, arn = aws_iam_role.execution.arn }
}

output "namespace" {
  description = "The private DNS namespace: its id and name."
  value = {
    id   = aws_service_discovery_private_dns_namespace.this.id
    name = aws_service_discovery_private_dns_namespace.this.name
  }
}
