resource "aws_secretsmanager_secret" "api_key" {
  #checkov:skip=CKV2_AWS_57:keys are rotated by make rotate-key, since people need the new key
  name                    = "bus-simulator/api-key"
  description             = "The API key, and perhaps one for each team"
  recovery_window_in_days = var.recovery_window_in_days
}

# Write-only: the key is in Secrets Manager and not in the state. The version never changes, so Terraform keeps
# a key that was rotated later, and keys added for teams.
resource "aws_secretsmanager_secret_version" "first" {
  secret_id                = aws_secretsmanager_secret.api_key.id
  secret_string_wo         = jsonencode({ api_key = var.first_key })
  secret_string_wo_version = 1
}
