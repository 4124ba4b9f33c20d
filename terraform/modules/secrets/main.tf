resource "aws_secretsmanager_secret" "api_key" {
  #checkov:skip=CKV2_AWS_57:rotation is make rotate-key: people have to be told the new key
  name                    = "bus-simulator/api-key"
  description             = "The API key, and perhaps one for each team"
  recovery_window_in_days = var.recovery_window_in_days
}

# Write-only: the key is in Secrets Manager and in no state file. The version never changes, so that a key
# that was rotated later, or keys added for teams, stay as they are.
resource "aws_secretsmanager_secret_version" "first" {
  secret_id                = aws_secretsmanager_secret.api_key.id
  secret_string_wo         = jsonencode({ api_key = var.first_key })
  secret_string_wo_version = 1
}
