output "api_endpoint" {
  description = "The MCP server's URL."
  value       = aws_apigatewayv2_api.mcp.api_endpoint
}

output "api_id" {
  description = "The API's id, by which it publishes metrics."
  value       = aws_apigatewayv2_api.mcp.id
}

output "vpc_link_id" {
  description = "The VPC link between the API and the tasks."
  value       = aws_apigatewayv2_vpc_link.mcp.id
}

output "security_group_id" {
  description = "The tasks' security group."
  value       = module.tasks.security_group_id
}

output "service" {
  description = "The ECS service's name."
  value       = aws_ecs_service.mcp_server.name
}

output "stage" {
  description = "The stage's name."
  value       = aws_apigatewayv2_stage.default.name
}
