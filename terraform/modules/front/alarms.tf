locals {
  balancer = { LoadBalancer = aws_lb.front.arn_suffix }
  alarms = {
    "front-5xx" = {
      description = "API servers return 5xx"
      metric      = "HTTPCode_Target_5XX_Count"
      dimensions  = local.balancer
      statistic   = "Sum"
      period      = 60
      above       = var.thresholds.errors_a_minute
    }
    "front-unreachable" = {
      description = "The load balancer answers 5xx itself: it reaches no API server"
      metric      = "HTTPCode_ELB_5XX_Count"
      dimensions  = local.balancer
      statistic   = "Sum"
      period      = 60
      above       = var.thresholds.errors_a_minute
    }
    "front-latency" = {
      description = "The p99 latency of the API servers is high"
      metric      = "TargetResponseTime"
      dimensions  = local.balancer
      statistic   = "p99"
      period      = 300
      above       = var.thresholds.latency_ms / 1000
    }
    "front-unhealthy-tasks" = {
      description = "API servers fail the load balancer's health check"
      metric      = "UnHealthyHostCount"
      dimensions  = merge(local.balancer, { TargetGroup = aws_lb_target_group.server.arn_suffix })
      statistic   = "Minimum"
      period      = 300
      above       = 0
    }
    "front-unauthorized" = {
      description = "API servers refuse very many requests: somebody tries keys, or a team has a wrong one"
      namespace   = var.metrics_namespace
      metric      = "Unauthorized"
      dimensions  = {}
      statistic   = "Sum"
      period      = 300
      periods     = 1
      above       = var.thresholds.unauthorized
    }
  }
}

# The servers' access log has a line for each request and each refused handshake of a WebSocket.
resource "aws_cloudwatch_log_metric_filter" "unauthorized" {
  name           = "unauthorized"
  log_group_name = module.tasks.log_groups[local.name]
  pattern        = "{ $.status = 401 }"

  metric_transformation {
    namespace = var.metrics_namespace
    name      = "Unauthorized"
    value     = "1"
    unit      = "Count"
  }
}

resource "aws_cloudwatch_metric_alarm" "front" {
  for_each = local.alarms

  alarm_name          = "bus-simulator-${each.key}"
  alarm_description   = each.value.description
  namespace           = lookup(each.value, "namespace", "AWS/ApplicationELB")
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = startswith(each.value.statistic, "p") ? null : each.value.statistic
  extended_statistic  = startswith(each.value.statistic, "p") ? each.value.statistic : null
  period              = each.value.period
  evaluation_periods  = lookup(each.value, "periods", each.value.period == 60 ? 3 : 2)
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.above
  treat_missing_data  = "notBreaching"

  # Of few requests a percentile says nothing.
  evaluate_low_sample_count_percentiles = startswith(each.value.statistic, "p") ? "ignore" : null

  alarm_actions = [var.topic_arn]
  ok_actions    = [var.topic_arn]
}
