data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "task" {
  name               = "bus-simulator-timestream-endpoint-role"
  description        = "Permissions of the hosted Timestream endpoint"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

data "aws_iam_policy_document" "config" {
  statement {
    actions   = ["s3:GetObject"]
    resources = [var.network_arn, var.journal_arn]
  }

  statement {
    actions   = ["ssm:GetParameter"]
    resources = [var.clock_parameter_arn]
  }
}

resource "aws_iam_role_policy" "config" {
  name   = "config-access"
  role   = aws_iam_role.task.id
  policy = data.aws_iam_policy_document.config.json
}

data "aws_iam_policy_document" "logs" {
  statement {
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.task.arn}:*"]
  }
}

resource "aws_iam_role_policy" "logs" {
  name   = "timestream-endpoint-logs"
  role   = var.execution_role.name
  policy = data.aws_iam_policy_document.logs.json
}
