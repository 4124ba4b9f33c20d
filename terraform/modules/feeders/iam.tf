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
  name               = "bus-simulator-feeder-task-role"
  description        = "Permissions of the feeders"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

data "aws_iam_policy_document" "timestream" {
  for_each = local.tables

  statement {
    actions   = ["timestream:DescribeTable", "timestream:Select", "timestream:WriteRecords"]
    resources = values(var.timestream_table_arns)
  }

  statement {
    # Clients discover their endpoint first; the action doesn't support resource-level permissions.
    actions   = ["timestream:DescribeEndpoints"]
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

  statement {
    actions   = ["s3:GetObject"]
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

data "aws_iam_policy_document" "events" {
  for_each = toset(var.event_bus == null ? [] : ["events-access"])

  statement {
    actions   = ["events:PutEvents"]
    resources = [var.event_bus.arn]
  }
}

data "aws_iam_policy_document" "latest" {
  for_each = toset(length(var.latest_object_arns) == 0 ? [] : ["latest-access"])

  statement {
    actions   = ["s3:PutObject"]
    resources = var.latest_object_arns
  }
}

data "aws_iam_policy_document" "clock" {
  statement {
    actions   = ["ssm:GetParameter"]
    resources = [var.clock_parameter_arn]
  }
}

resource "aws_iam_role_policy" "task" {
  for_each = merge({ for name, document in merge(data.aws_iam_policy_document.timestream, data.aws_iam_policy_document.events, data.aws_iam_policy_document.latest) : name => document.json }, {
    config-access = data.aws_iam_policy_document.config.json
    clock-access  = data.aws_iam_policy_document.clock.json
  })

  name   = each.key
  role   = aws_iam_role.task.id
  policy = each.value
}

moved {
  from = aws_iam_role_policy.latest
  to   = aws_iam_role_policy.task["latest-access"]
}

data "aws_iam_policy_document" "logs" {
  statement {
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = [for group in aws_cloudwatch_log_group.feeder : "${group.arn}:*"]
  }
}

resource "aws_iam_role_policy" "logs" {
  name   = "feeder-logs"
  role   = var.execution_role.name
  policy = data.aws_iam_policy_document.logs.json
}
