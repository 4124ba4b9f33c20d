output "name" {
  description = "The secret's name."
  value       = aws_secretsmanager_secret.api_key.name
}

output "arn" {
  description = "The secret's ARN, for permissions to read it."
  value       = aws_secretsmanager_secret.api_key.arn
}
