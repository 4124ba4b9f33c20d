locals {
  handlers = var.websocket_handler == null ? 0 : 1
}

resource "aws_cloudwatch_event_bus" "this" {
  name = "bus-simulator-events"
}

resource "aws_cloudwatch_event_rule" "positions" {
  name           = "bus-simulator-positions"
  description    = "New positions go to WebSocket clients"
  event_bus_name = aws_cloudwatch_event_bus.this.name

  event_pattern = jsonencode({
    source      = ["bus-simulator"]
    detail-type = ["bus.position.updated"]
  })
}

resource "aws_cloudwatch_event_target" "websocket" {
  count = local.handlers

  rule           = aws_cloudwatch_event_rule.positions.name
  event_bus_name = aws_cloudwatch_event_bus.this.name
  target_id      = "websocket-handler"
  arn            = var.websocket_handler.arn

  # Positions older than a minute aren't worth delivering. This limits EventBridge's delivery only: Lambda accepts
  # events at once.
  retry_policy {
    maximum_event_age_in_seconds = 60
    maximum_retry_attempts       = 2
  }

  dead_letter_config {
    arn = aws_sqs_queue.undelivered.arn
  }
}

# By default Lambda retries a failed event up to twice, for six hours: old positions would arrive after new
# ones, and twice at clients that the first attempt had reached.
resource "aws_lambda_function_event_invoke_config" "positions" {
  count = local.handlers

  function_name                = var.websocket_handler.name
  maximum_event_age_in_seconds = 60
  maximum_retry_attempts       = 0

  destination_config {
    on_failure {
      destination = aws_sqs_queue.undelivered.arn
    }
  }

  depends_on = [aws_iam_role_policy.undelivered]
}

data "aws_iam_policy_document" "put_aside" {
  statement {
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.undelivered.arn]
  }
}

resource "aws_iam_role_policy" "undelivered" {
  count = local.handlers

  name   = "undelivered-events"
  role   = var.websocket_handler.role
  policy = data.aws_iam_policy_document.put_aside.json
}

resource "aws_lambda_permission" "positions" {
  count = local.handlers

  statement_id  = "events"
  action        = "lambda:InvokeFunction"
  function_name = var.websocket_handler.name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.positions.arn
}

resource "aws_sqs_queue" "undelivered" {
  name                      = "bus-simulator-undelivered-events"
  message_retention_seconds = 86400
  sqs_managed_sse_enabled   = true
}

data "aws_iam_policy_document" "undelivered" {
  statement {
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.undelivered.arn]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [aws_cloudwatch_event_rule.positions.arn]
    }
  }
}

resource "aws_sqs_queue_policy" "undelivered" {
  queue_url = aws_sqs_queue.undelivered.id
  policy    = data.aws_iam_policy_document.undelivered.json
}

# ECS forgets a stopped task after an hour, and has no metric of them. A rule for each service logs why tasks
# stopped, and the rule's own metric counts them.
resource "aws_cloudwatch_log_group" "stopped" {
  name              = "/aws/events/bus-simulator-stopped-tasks"
  retention_in_days = var.log_retention_in_days
}

resource "aws_cloudwatch_event_rule" "stopped" {
  for_each = var.services

  name        = "bus-simulator-stopped-${each.key}"
  description = "Tasks of ${each.key} that stopped"

  event_pattern = jsonencode({
    source      = ["aws.ecs"]
    detail-type = ["ECS Task State Change"]
    detail = {
      clusterArn = [var.cluster_id]
      group      = ["service:${each.key}"]
      lastStatus = ["STOPPED"]
    }
  })
}

resource "aws_cloudwatch_event_target" "stopped" {
  for_each = aws_cloudwatch_event_rule.stopped

  rule      = each.value.name
  target_id = "log"
  arn       = aws_cloudwatch_log_group.stopped.arn
}

data "aws_iam_policy_document" "stopped" {
  statement {
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.stopped.arn}:*"]

    principals {
      type        = "Service"
      identifiers = ["delivery.logs.amazonaws.com", "events.amazonaws.com"]
    }
  }
}

resource "aws_cloudwatch_log_resource_policy" "stopped" {
  policy_name     = "bus-simulator-stopped-tasks"
  policy_document = data.aws_iam_policy_document.stopped.json
}
