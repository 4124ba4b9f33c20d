locals {
  # A domain's URL comes first, where an API has one.
  rest_url      = concat([for name in local.named["rest"] : "https://${name}"], module.api_gateway[*].endpoint, module.front[*].url)[0]
  websocket_url = concat([for name in local.named["websocket"] : "wss://${name}"], module.websocket_api[*].endpoint, module.front[*].websocket_url)[0]
  mcp_url       = concat([for name in local.named["mcp"] : "https://${name}"], module.mcp_server[*].api_endpoint, module.front[*].url)[0]
  named         = { for api in ["rest", "websocket", "mcp"] : api => [for key, domain in module.api_domain : domain.domain if key == api] }
}

output "aws_region" {
  description = "The AWS region of all resources."
  value       = var.region
}

output "account_id" {
  description = "The AWS account of all resources."
  value       = local.account_id
}

output "timestream" {
  description = "The kind of Timestream, aws or hosted; null if the store is another."
  value       = local.stored_in == "aurora" ? null : local.stored_in == "hosted" ? "hosted" : "aws"
}

output "store" {
  description = "What keeps the data: timestream, hosted or aurora."
  value       = local.stored_in
}

output "store_url" {
  description = "The store's URL for --store; a hosted endpoint and Aurora can be reached only from inside the VPC."
  value       = local.store
}

output "http_api_endpoint" {
  description = "REST's URL: its domain's, the HTTP API's, or the load balancer's."
  value       = local.rest_url
}

output "http_api_id" {
  description = "The HTTP API's id: its metrics are published by ApiId, not by name."
  value       = one(module.api_gateway[*].api_id)
}

output "rest_api_url" {
  description = "REST's URL (API_URL of the scripts in tests/api)."
  value       = local.rest_url
}

output "websocket_api_endpoint" {
  description = "The WebSocket's URL with its path (WS_URL of the scripts in tests/api)."
  value       = local.websocket_url
}

output "websocket_api_id" {
  description = "The WebSocket API's id."
  value       = one(module.websocket_api[*].api_id)
}

output "mcp_api_endpoint" {
  description = "The MCP server's URL (MCP_URL of the scripts in tests/api)."
  value       = local.mcp_url
}

output "mcp_api_id" {
  description = "The MCP API's id."
  value       = one(module.mcp_server[*].api_id)
}

output "mcp_vpc_link_id" {
  description = "The VPC link between the MCP API and the MCP server."
  value       = one(module.mcp_server[*].vpc_link_id)
}

output "mcp_security_group_id" {
  description = "The MCP server's security group."
  value       = one(module.mcp_server[*].security_group_id)
}

output "domain_targets" {
  description = "What the records of domain, websocket_domain and mcp_domain must point to, by the name; empty with front = fargate."
  value       = { for domain in module.api_domain : domain.domain => domain.target }
}

output "ecs_cluster_name" {
  description = "The ECS cluster."
  value       = module.cluster.name
}

output "ecs_services" {
  description = "The ECS services."
  value       = concat(module.feeders.services, module.mcp_server[*].service, module.front[*].service, [for endpoint in module.timestream_hosted : endpoint.service])
}

output "ecr_repository_url" {
  description = "The repository that make push-images pushes to."
  value       = module.ecr.repository_url
}

output "image" {
  description = "The image that services run."
  value       = local.image
}

output "config_bucket" {
  description = "The bucket with the network, for make load-config."
  value       = module.config.bucket
}

output "lines_yaml_md5" {
  description = "The MD5 of the network file that Terraform has uploaded; make load-config may have replaced it since."
  value       = module.config.lines_yaml_md5
}

output "api_key_secret" {
  description = "The secret with the API keys."
  value       = module.secrets.name
}

output "clock_parameter" {
  description = "The parameter with the shared clock."
  value       = module.config.clock_parameter.name
}

output "lambda_functions" {
  description = "The functions."
  value       = local.function_names
}

output "backfill" {
  description = "The subnets, security group and task definition family for a backfill task."
  value = {
    subnet_ids        = module.network.subnet_ids
    security_group_id = module.feeders.security_group_id
    task_definition   = "people-count-feeder"
  }
}

output "dashboard" {
  description = "The CloudWatch dashboard."
  value       = module.dashboard.name
}

output "alarms" {
  description = "The CloudWatch alarms."
  value       = sort(concat(module.alarms.names, flatten([module.front[*].alarms, module.aurora[*].alarms])))
}

output "alarm_topic_arn" {
  description = "The topic that alarms publish to."
  value       = module.alarms.topic_arn
}

output "budget" {
  description = "The monthly budget, null without one."
  value       = one([for budget in module.budget : budget.name])
}

output "findings_topic_arn" {
  description = "The topic that GuardDuty's findings go to, null without it."
  value       = module.compliance.findings_topic_arn
}
