locals {
  # A hosted store needs no IAM permission.
  tables = toset(length(var.timestream_table_arns) > 0 ? ["timestream-access"] : [])
}

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
  name               = "bus-simulator-api-server-role"
  description        = "Permissions of the API servers"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

data "aws_iam_policy_document" "timestream" {
  for_each = local.tables

  statement {
    actions   = ["timestream:DescribeTable", "timestream:Select"]
    resources = values(var.timestream_table_arns)
  }

  statement {
    # Clients discover their endpoint first, and /health queries the store; neither action supports
    # resource-level permissions.
    actions   = ["timestream:DescribeEndpoints", "timestream:SelectValues"]
    resources = ["*"]
  }
}

data "aws_iam_policy_document" "config" {
  # Between a change of the network and the whole hour at which it takes effect, a task that starts needs the
  # version before.
  statement {
    actions   = ["s3:GetObject", "s3:GetObjectVersion"]
    resources = [var.network_arn]
  }

  # Holders of the main key disturb the city by these servers.
  statement {
    actions   = ["s3:GetObject", "s3:PutObject"]
    resources = [var.journal_arn]
  }

  statement {
    actions   = ["s3:ListBucketVersions"]
    resources = [split("/", var.network_arn)[0]]

    condition {
      test     = "StringEquals"
      variable = "s3:prefix"
      values   = [trimprefix(var.network_arn, "${split("/", var.network_arn)[0]}/")]
    }
  }
}

data "aws_iam_policy_document" "secret" {
  statement {
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [var.secret_arn]
  }
}

data "aws_iam_policy_document" "clock" {
  statement {
    actions   = ["ssm:GetParameter"]
    resources = [var.clock_parameter_arn]
  }
}

resource "aws_iam_role_policy" "task" {
  for_each = merge({ for name, document in data.aws_iam_policy_document.timestream : name => document.json }, {
    config-access = data.aws_iam_policy_document.config.json
    secret-access = data.aws_iam_policy_document.secret.json
    clock-access  = data.aws_iam_policy_document.clock.json
  })

  name   = each.key
  role   = aws_iam_role.task.id
  policy = each.value
}

data "aws_iam_policy_document" "logs" {
  statement {
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.task.arn}:*"]
  }
}

resource "aws_iam_role_policy" "logs" {
  name   = "api-server-logs"
  role   = var.execution_role.name
  policy = data.aws_iam_policy_document.logs.json
}
