output "url" {
  description = "The URL of REST, the WebSocket (/ws), MCP (/mcp), the map and the feeds."
  value       = local.url
}

output "websocket_url" {
  description = "The WebSocket's URL."
  value       = "${local.encrypted ? "wss" : "ws"}://${local.host}/ws"
}

output "load_balancer" {
  description = "The load balancer: its ARN, for a web ACL, and how metrics call it."
  value       = { arn = aws_lb.front.arn, in_metrics = aws_lb.front.arn_suffix }
}

output "security_group_id" {
  description = "The API servers' security group."
  value       = module.tasks.security_group_id
}

output "service" {
  description = "The ECS service's name."
  value       = aws_ecs_service.server.name
}

output "alarms" {
  description = "The alarms' names."
  value       = sort([for alarm in aws_cloudwatch_metric_alarm.front : alarm.alarm_name])
}
