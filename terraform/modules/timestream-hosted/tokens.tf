# Two tokens, so that what only reads can't write. Terraform stores them nowhere else, as it does with the first API key.
resource "aws_secretsmanager_secret" "token" {
  for_each = toset(["reader", "writer"])
  #checkov:skip=CKV2_AWS_57:a token that rotates by itself would lock out running tasks, which get it when they start
  name                    = "bus-simulator/timestream-${each.key}-token"
  description             = "What the hosted Timestream endpoint asks of its ${each.key}s"
  recovery_window_in_days = 0
}

resource "aws_secretsmanager_secret_version" "token" {
  for_each = aws_secretsmanager_secret.token

  secret_id                = each.value.id
  secret_string_wo         = var.first_tokens[each.key]
  secret_string_wo_version = 1
}

# ECS gives them to the containers of the endpoint, the feeders and the servers.
data "aws_iam_policy_document" "tokens" {
  statement {
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [for token in aws_secretsmanager_secret.token : token.arn]
  }
}

resource "aws_iam_role_policy" "tokens" {
  name   = "timestream-tokens"
  role   = var.execution_role.name
  policy = data.aws_iam_policy_document.tokens.json
}
