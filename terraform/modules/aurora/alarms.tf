locals {
  alarms = {
    "database-capacity"    = { description = "The database is near the greatest capacity that it may take", metric = "ACUUtilization", statistic = "Average", above = var.thresholds.capacity_percent }
    "database-connections" = { description = "The database has more connections than its clients should open", metric = "DatabaseConnections", statistic = "Maximum", above = var.thresholds.connections }
    "database-disk"        = { description = "The database holds more than expected", metric = "VolumeBytesUsed", statistic = "Maximum", above = var.thresholds.stored_gb * 1000000000 }
  }
}

resource "aws_cloudwatch_metric_alarm" "database" {
  for_each = local.alarms

  alarm_name          = "bus-simulator-${each.key}"
  alarm_description   = each.value.description
  namespace           = "AWS/RDS"
  metric_name         = each.value.metric
  dimensions          = { DBClusterIdentifier = aws_rds_cluster.store.cluster_identifier }
  statistic           = each.value.statistic
  period              = 300
  evaluation_periods  = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.above
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.topic_arn]
  ok_actions          = [var.topic_arn]
}
