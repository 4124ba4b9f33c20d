resource "aws_guardduty_detector" "this" {
  for_each = local.guard
  #checkov:skip=CKV2_AWS_3:a detector of one account; an organization has its own

  enable                       = true
  finding_publishing_frequency = "FIFTEEN_MINUTES"
}

resource "aws_cloudwatch_event_rule" "findings" {
  for_each = local.guard

  name          = "bus-simulator-findings"
  description   = "GuardDuty findings of medium severity and above"
  event_pattern = jsonencode({ source = ["aws.guardduty"], detail-type = ["GuardDuty Finding"], detail = { severity = [{ numeric = [">=", 4] }] } })
}

resource "aws_sns_topic" "findings" {
  for_each = local.guard
  #checkov:skip=CKV_AWS_26:a rule can't publish to a topic with an AWS-managed key

  name = "bus-simulator-findings"
}

data "aws_iam_policy_document" "findings" {
  for_each = local.guard

  statement {
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.findings[each.key].arn]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [aws_cloudwatch_event_rule.findings[each.key].arn]
    }
  }
}

resource "aws_sns_topic_policy" "findings" {
  for_each = local.guard

  arn    = aws_sns_topic.findings[each.key].arn
  policy = data.aws_iam_policy_document.findings[each.key].json
}

resource "aws_sns_topic_subscription" "findings" {
  for_each = length(local.guard) > 0 ? var.emails : []

  topic_arn = aws_sns_topic.findings["guardduty"].arn
  protocol  = "email"
  endpoint  = each.key
}

resource "aws_cloudwatch_event_target" "findings" {
  for_each = local.guard

  rule      = aws_cloudwatch_event_rule.findings[each.key].name
  target_id = "topic"
  arn       = aws_sns_topic.findings[each.key].arn
}

resource "aws_cloudwatch_log_group" "flows" {
  for_each = local.flows

  name              = "/aws/vpc/bus-simulator"
  retention_in_days = var.log_retention_in_days
}

data "aws_iam_policy_document" "assume" {
  for_each = toset([for part in var.parts : part if contains(["config", "flow-logs"], part)])

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = [{ config = "config.amazonaws.com", flow-logs = "vpc-flow-logs.amazonaws.com" }[each.key]]
    }
  }
}

resource "aws_iam_role" "flows" {
  for_each = local.flows

  name               = "bus-simulator-flow-logs-role"
  description        = "Writes the VPC's flow logs"
  assume_role_policy = data.aws_iam_policy_document.assume[each.key].json
}

data "aws_iam_policy_document" "flows" {
  for_each = local.flows

  statement {
    actions   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.flows[each.key].arn}:*"]
  }
}

resource "aws_iam_role_policy" "flows" {
  for_each = local.flows

  name   = "write-logs"
  role   = aws_iam_role.flows[each.key].id
  policy = data.aws_iam_policy_document.flows[each.key].json
}

resource "aws_flow_log" "this" {
  for_each = local.flows

  vpc_id          = var.vpc_id
  traffic_type    = "ALL"
  iam_role_arn    = aws_iam_role.flows[each.key].arn
  log_destination = aws_cloudwatch_log_group.flows[each.key].arn
}
