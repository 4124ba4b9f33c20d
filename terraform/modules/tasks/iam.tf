locals {
  # Another store than Timestream needs no IAM permission.
  tables = toset(length(var.timestream.table_arns) > 0 ? ["timestream-access"] : [])
  config = var.config == null ? {} : { config-access = var.config }
  clock  = var.config == null ? {} : { clock-access = var.config }
  secret = var.api_keys == null ? {} : { secret-access = var.api_keys }
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
  name               = var.role.name
  description        = var.role.description
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

data "aws_iam_policy_document" "timestream" {
  for_each = local.tables

  statement {
    actions   = var.timestream.actions
    resources = values(var.timestream.table_arns)
  }

  statement {
    # Clients discover their endpoint first, and /health queries the store; neither action supports
    # resource-level permissions.
    actions   = var.timestream.unscoped_actions
    resources = ["*"]
  }
}

data "aws_iam_policy_document" "config" {
  for_each = local.config

  # Between a change of the network and the whole hour at which it takes effect, a task that starts needs the
  # version before.
  statement {
    actions   = ["s3:GetObject", "s3:GetObjectVersion"]
    resources = [each.value.network_arn]
  }

  statement {
    actions   = each.value.journal_actions
    resources = [each.value.journal_arn]
  }

  statement {
    actions   = ["s3:ListBucketVersions"]
    resources = [split("/", each.value.network_arn)[0]]

    condition {
      test     = "StringEquals"
      variable = "s3:prefix"
      values   = [trimprefix(each.value.network_arn, "${split("/", each.value.network_arn)[0]}/")]
    }
  }
}

data "aws_iam_policy_document" "clock" {
  for_each = local.clock

  statement {
    actions   = ["ssm:GetParameter"]
    resources = [each.value.clock_parameter_arn]
  }
}

data "aws_iam_policy_document" "secret" {
  for_each = local.secret

  statement {
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [each.value.secret_arn]
  }
}

resource "aws_iam_role_policy" "task" {
  for_each = merge(var.policies, { for name, document in merge(
    data.aws_iam_policy_document.timestream,
    data.aws_iam_policy_document.config,
    data.aws_iam_policy_document.clock,
    data.aws_iam_policy_document.secret,
  ) : name => document.json })

  name   = each.key
  role   = aws_iam_role.task.id
  policy = each.value
}

# ECS writes the logs with the role that starts tasks.
data "aws_iam_policy_document" "logs" {
  statement {
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = [for group in aws_cloudwatch_log_group.this : "${group.arn}:*"]
  }
}

resource "aws_iam_role_policy" "logs" {
  name   = var.log_policy
  role   = var.execution_role.name
  policy = data.aws_iam_policy_document.logs.json
}
