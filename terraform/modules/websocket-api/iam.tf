locals {
  callback = "${replace(aws_apigatewayv2_api.websocket.api_endpoint, "wss://", "https://")}/${local.stage}"
  roles = {
    handler    = "bus-simulator-websocket-handler"
    authorizer = "bus-simulator-websocket-authorizer-v2"
  }
  policies = {
    handler    = data.aws_iam_policy_document.handler.json
    authorizer = data.aws_iam_policy_document.authorizer.json
  }
}

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
  for_each = local.roles

  name               = "${each.value}-role"
  description        = "Permissions of the function ${each.value}"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

data "aws_iam_policy_document" "handler" {
  statement {
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.function["bus-simulator-websocket-handler"].arn}:*"]
  }

  statement {
    actions   = ["execute-api:ManageConnections"]
    resources = ["${aws_apigatewayv2_api.websocket.execution_arn}/${local.stage}/*/@connections/*"]
  }

  statement {
    actions = [
      "dynamodb:DeleteItem",
      "dynamodb:GetItem",
      "dynamodb:PutItem",
      "dynamodb:Query",
      "dynamodb:UpdateItem",
    ]
    resources = [var.connections.arn, "${var.connections.arn}/index/by-group", var.subscriptions.arn]
  }

  statement {
    actions   = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:SendMessage"]
    resources = [aws_sqs_queue.chunks.arn]
  }

  statement {
    actions   = ["s3:GetObject"]
    resources = [var.network_arn]
  }

  statement {
    actions   = ["ssm:GetParameter"]
    resources = [var.clock_parameter_arn]
  }

  dynamic "statement" {
    for_each = var.store_token[*]

    content {
      actions   = ["secretsmanager:GetSecretValue"]
      resources = [statement.value.arn]
    }
  }

  # For snapshots: the latest positions of the lines just subscribed to.
  dynamic "statement" {
    for_each = length(var.timestream_table_arns) > 0 ? ["tables"] : []

    content {
      actions   = ["timestream:DescribeTable", "timestream:Select"]
      resources = [for table in ["bus_position", "feeder_progress"] : var.timestream_table_arns[table]]
    }
  }

  dynamic "statement" {
    for_each = length(var.timestream_table_arns) > 0 ? ["service"] : []

    content {
      # Clients discover their endpoint first; the action doesn't support resource-level permissions.
      actions   = ["timestream:DescribeEndpoints"]
      resources = ["*"]
    }
  }
}

data "aws_iam_policy_document" "authorizer" {
  statement {
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.function["bus-simulator-websocket-authorizer-v2"].arn}:*"]
  }

  statement {
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [var.secret.arn]
  }
}

resource "aws_iam_role_policy" "function" {
  for_each = local.policies

  name   = "function"
  role   = aws_iam_role.function[each.key].id
  policy = each.value
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
  for_each = var.vpc == null ? {} : { handler = local.roles.handler }

  name   = "vpc"
  role   = aws_iam_role.function[each.key].id
  policy = data.aws_iam_policy_document.vpc.json
}
