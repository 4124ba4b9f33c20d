output "topic_arn" {
  description = "The topic that alarms and the budget publish to."
  value       = aws_sns_topic.alarms.arn
}

output "names" {
  description = "The alarms' names."
  value = sort(concat(
    [for alarm in aws_cloudwatch_metric_alarm.ceiling : alarm.alarm_name],
    [for alarm in aws_cloudwatch_metric_alarm.floor : alarm.alarm_name],
  ))
}
