output "store" {
  description = "The store's URL, without the password."
  value       = local.store
}

output "secrets" {
  description = "The secret with the password, by the environment variable that clients read it from."
  value       = tomap({ PGPASSWORD = aws_secretsmanager_secret_version.password.arn })
}

output "password_secret_id" {
  description = "The secret with the password, once it has one."
  value       = aws_secretsmanager_secret_version.password.secret_id
}

output "cluster" {
  description = "The cluster's identifier."
  value       = aws_rds_cluster.store.cluster_identifier
}

output "alarms" {
  description = "The alarms' names."
  value       = sort([for alarm in aws_cloudwatch_metric_alarm.database : alarm.alarm_name])
}
