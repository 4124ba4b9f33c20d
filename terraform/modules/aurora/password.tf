# Terraform stores the password nowhere: it makes one, puts it into Secrets Manager, and reads it from there when
# it creates the database, so that both have the same even if an apply was interrupted. The root module makes and
# reads it, since Terraform's tests can't mock that.
resource "aws_secretsmanager_secret" "password" {
  #checkov:skip=CKV2_AWS_57:a password that rotates by itself would lock out running tasks, which get it when they start
  name                    = "bus-simulator/database-password"
  description             = "The password of the Aurora store's user"
  recovery_window_in_days = 0
}

resource "aws_secretsmanager_secret_version" "password" {
  secret_id                = aws_secretsmanager_secret.password.id
  secret_string_wo         = var.first_password
  secret_string_wo_version = 1
}

# ECS gives it to the containers as PGPASSWORD.
data "aws_iam_policy_document" "password" {
  statement {
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [aws_secretsmanager_secret.password.arn]
  }
}

resource "aws_iam_role_policy" "password" {
  name   = "database-password"
  role   = var.execution_role.name
  policy = data.aws_iam_policy_document.password.json
}
