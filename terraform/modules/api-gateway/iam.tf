data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "function" {
  for_each = local.functions

  name               = "${each.value.name}-role"
  description        = "Permissions of the function ${each.value.name}"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

data "aws_iam_policy_document" "function" {
  for_each = local.functions

  statement {
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.function[each.key].arn}:*"]
  }

  statement {
    actions   = ["s3:GetObject"]
    resources = concat([var.network_arn], each.key == "network_api" ? [var.journal_arn] : [])
  }

  statement {
    actions   = ["ssm:GetParameter"]
    resources = [var.clock_parameter_arn]
  }

  # Requests for feeds come without an authorizer's verdict (feeds.tf).
  dynamic "statement" {
    for_each = each.key == "network_api" ? ["keys"] : []

    content {
      actions   = ["secretsmanager:GetSecretValue"]
      resources = [var.secret.arn]
    }
  }

  dynamic "statement" {
    for_each = var.store_token[*]

    content {
      actions   = ["secretsmanager:GetSecretValue"]
      resources = [statement.value.arn]
    }
  }

  statement {
    actions   = ["dynamodb:GetItem", "dynamodb:UpdateItem"]
    resources = [var.request_limits.table_arn]
  }

  dynamic "statement" {
    for_each = length(var.timestream_table_arns) > 0 ? ["tables"] : []

    content {
      actions   = ["timestream:DescribeTable", "timestream:Select"]
      resources = [for table in each.value.tables : var.timestream_table_arns[table]]
    }
  }

  dynamic "statement" {
    for_each = length(var.timestream_table_arns) > 0 ? ["service"] : []

    content {
      # Clients discover their endpoint first, and /health queries the store; neither action supports
      # resource-level permissions.
      actions   = concat(["timestream:DescribeEndpoints"], each.key == "network_api" ? ["timestream:SelectValues"] : [])
      resources = ["*"]
    }
  }
}

resource "aws_iam_role_policy" "function" {
  for_each = local.functions

  name   = "function"
  role   = aws_iam_role.function[each.key].id
  policy = data.aws_iam_policy_document.function[each.key].json
}

# What a function in the VPC needs for its network interfaces, whose ARNs aren't known in advance. AWS's managed policy
# would also let it create log groups: a late invocation would then leave one behind after a destroy.
data "aws_iam_policy_document" "vpc" {
  #checkov:skip=CKV_AWS_111:Lambda checks these permissions on all resources
  #checkov:skip=CKV_AWS_356:Lambda checks these permissions on all resources
  statement {
    actions = [
      "ec2:AssignPrivateIpAddresses",
      "ec2:CreateNetworkInterface",
      "ec2:DeleteNetworkInterface",
      "ec2:DescribeNetworkInterfaces",
      "ec2:DescribeSubnets",
      "ec2:UnassignPrivateIpAddresses",
    ]
    resources = ["*"]
  }
}

resource "aws_iam_role_policy" "vpc" {
  for_each = var.vpc == null ? {} : local.functions

  name   = "vpc"
  role   = aws_iam_role.function[each.key].id
  policy = data.aws_iam_policy_document.vpc.json
}
