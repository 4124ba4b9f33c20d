output "repository_url" {
  description = "Where images are pushed to and pulled from, without a tag."
  value       = aws_ecr_repository.feeders.repository_url
}

output "repository_arn" {
  description = "The repository's ARN, for permissions to pull."
  value       = aws_ecr_repository.feeders.arn
}
