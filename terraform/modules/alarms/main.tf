locals {
  # Alarms above a threshold: metric, period and threshold. Missing data raise an alarm only where they mean that
  # a part has stopped.
  alarms = merge(
    { for service, feeder in var.feeders : "${service}-lag" => {
      description = "${service} is behind"
      namespace   = var.metrics_namespace
      metric      = "FeederLag"
      dimensions  = { Feeder = feeder }
      statistic   = "Minimum"
      period      = 60
      periods     = 5
      above       = var.thresholds.lag_s
      missing     = "ignore"
    } },
    { for id, api in var.http_apis : "${id}-5xx" => {
      description = "${id} returns 5xx"
      namespace   = "AWS/ApiGateway"
      metric      = "5xx"
      dimensions  = { ApiId = api }
      statistic   = "Sum"
      period      = 60
      periods     = 3
      above       = var.thresholds.errors_a_minute
      missing     = "notBreaching"
    } },
    { for id, api in var.http_apis : "${id}-latency" => {
      description = "The p99 latency of ${id} is high"
      namespace   = "AWS/ApiGateway"
      metric      = "Latency"
      dimensions  = { ApiId = api }
      statistic   = "p99"
      period      = 300
      periods     = 2
      above       = var.thresholds.latency_ms
      missing     = "notBreaching"
    } },
    { for pair in setproduct(var.functions, ["Errors", "Throttles"]) : "${pair[0]}-${lower(pair[1])}" => {
      description = "The function ${pair[0]} has ${lower(pair[1])}"
      namespace   = "AWS/Lambda"
      metric      = pair[1]
      dimensions  = { FunctionName = pair[0] }
      statistic   = "Sum"
      period      = 60
      periods     = 3
      above       = var.thresholds.errors_a_minute
      missing     = "notBreaching"
    } },
    { for api in var.websocket[*] : "websocket-errors" => {
      description = "The WebSocket API fails to reach its handler"
      namespace   = "AWS/ApiGateway"
      metric      = "IntegrationError"
      dimensions  = { ApiId = api.api_id, Stage = api.stage }
      statistic   = "Sum"
      period      = 60
      periods     = 3
      above       = var.thresholds.errors_a_minute
      missing     = "notBreaching"
    } },
    { for queue in var.dead_letter_queues : "${queue}-not-empty" => {
      description = "${queue} has messages: events that were delivered to nobody"
      namespace   = "AWS/SQS"
      metric      = "ApproximateNumberOfMessagesVisible"
      dimensions  = { QueueName = queue }
      statistic   = "Maximum"
      period      = 300
      periods     = 1
      above       = 0
      missing     = "notBreaching"
    } },
    { for api in concat(sort(keys(var.http_apis)), var.websocket == null ? [] : ["websocket"]) : "${api}-unauthorized" => {
      description = "${api} refuses very many requests: somebody tries keys, or a team has a wrong one"
      namespace   = var.metrics_namespace
      metric      = "Unauthorized"
      dimensions  = { Api = api }
      statistic   = "Sum"
      period      = 300
      periods     = 1
      above       = var.thresholds.unauthorized
      missing     = "notBreaching"
    } },
    { for service in var.services_with_data : "${service}-disk" => {
      description = "The disk of ${service} is filling up"
      namespace   = "ECS/ContainerInsights"
      metric      = "EphemeralStorageUtilized"
      dimensions  = { ClusterName = var.cluster_name, ServiceName = service }
      statistic   = "Maximum"
      period      = 300
      periods     = 1
      above       = var.thresholds.disk_gb
      missing     = "notBreaching"
    } },
    { for service in var.services_with_data : "${service}-cpu" => {
      description = "${service} has more clients than its processors can answer"
      namespace   = "AWS/ECS"
      metric      = "CPUUtilization"
      dimensions  = { ClusterName = var.cluster_name, ServiceName = service }
      statistic   = "Average"
      period      = 300
      periods     = 3
      above       = var.thresholds.cpu_percent
      missing     = "notBreaching"
    } },
    { for name, failures in var.failure_metrics : "${name}-failed" => {
      description = "${name} has failed"
      namespace   = failures.namespace
      metric      = failures.name
      dimensions  = {}
      statistic   = "Sum"
      period      = 300
      periods     = 1
      above       = 0
      missing     = "notBreaching"
    } },
    # ECS stops a task that fails its health check and starts another, so a task runs nearly all the time: count
    # stops instead. One stop in 10 minutes is a restart.
    { for service, rule in var.answering_services : "${service}-unhealthy" => {
      description = "Tasks of ${service} keep stopping: they fail their health check or exit"
      namespace   = "AWS/Events"
      metric      = "MatchedEvents"
      dimensions  = { RuleName = rule }
      statistic   = "Sum"
      period      = 600
      periods     = 1
      above       = 1
      missing     = "notBreaching"
    } },
  )

  # Alarms below a threshold: too low a value is the fault, and so is no data.
  floors = merge(
    { for service, feeder in var.feeders : "${service}-no-data" => {
      description = "${service} has written nothing for 5 minutes"
      namespace   = var.metrics_namespace
      metric      = "FeederLag"
      dimensions  = { Feeder = feeder }
      statistic   = "SampleCount"
      period      = 300
      periods     = 1
    } },
    { for service in keys(var.answering_services) : "${service}-no-task" => {
      description = "No task of ${service} runs"
      namespace   = "ECS/ContainerInsights"
      metric      = "RunningTaskCount"
      dimensions  = { ClusterName = var.cluster_name, ServiceName = service }
      statistic   = "Minimum"
      period      = 60
      periods     = 3
    } },
  )
}

resource "aws_sns_topic" "alarms" {
  #checkov:skip=CKV_AWS_26:alarms can't publish to a topic with an AWS-managed key, and they contain no secret
  name = "bus-simulator-alarms"
}

data "aws_iam_policy_document" "publish" {
  statement {
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.alarms.arn]

    principals {
      type        = "Service"
      identifiers = ["budgets.amazonaws.com", "cloudwatch.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.account_id]
    }
  }
}

resource "aws_sns_topic_policy" "publish" {
  arn    = aws_sns_topic.alarms.arn
  policy = data.aws_iam_policy_document.publish.json
}

resource "aws_sns_topic_subscription" "email" {
  for_each = var.emails

  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = each.key
}

resource "aws_cloudwatch_metric_alarm" "ceiling" {
  for_each = local.alarms

  alarm_name          = "bus-simulator-${trimprefix(each.key, "bus-simulator-")}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = startswith(each.value.statistic, "p") ? null : each.value.statistic
  extended_statistic  = startswith(each.value.statistic, "p") ? each.value.statistic : null
  period              = each.value.period
  evaluation_periods  = each.value.periods
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.above
  treat_missing_data  = each.value.missing

  # Of few requests a percentile says nothing.
  evaluate_low_sample_count_percentiles = startswith(each.value.statistic, "p") ? "ignore" : null

  alarm_actions = [aws_sns_topic.alarms.arn]
  ok_actions    = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_metric_alarm" "floor" {
  for_each = local.floors

  alarm_name          = "bus-simulator-${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  period              = each.value.period
  evaluation_periods  = each.value.periods
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}
