output "repository_url" {
  description = "The repository's URL for pushing and pulling images, without a tag."
  value       = aws_ecr_repository.feeders.repository_url
}

output "repository_arn" {
  description = "The repository's ARN, for permissions to pull."
  value       = aws_ecr_repository.feeders.arn
}

output "image_digest" {
  description = "The digest of the image that was pushed last, none before the first."
  value       = aws_ssm_parameter.digest.insecure_value
}
