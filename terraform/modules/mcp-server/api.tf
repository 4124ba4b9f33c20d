# The server checks keys and groups itself, so all of its routes, /health included, are open here.
resource "aws_apigatewayv2_api" "mcp" {
  name          = "madrid-bus-simulator-mcp"
  description   = "The MCP server, through a VPC link"
  protocol_type = "HTTP"
}

resource "aws_apigatewayv2_vpc_link" "mcp" {
  name               = "bus-simulator-mcp"
  subnet_ids         = var.subnet_ids
  security_group_ids = [aws_security_group.link.id]
}

resource "aws_apigatewayv2_integration" "mcp" {
  api_id                 = aws_apigatewayv2_api.mcp.id
  integration_type       = "HTTP_PROXY"
  integration_method     = "ANY"
  integration_uri        = aws_service_discovery_service.mcp_server.arn
  connection_type        = "VPC_LINK"
  connection_id          = aws_apigatewayv2_vpc_link.mcp.id
  payload_format_version = "1.0"
  timeout_milliseconds   = 30000

  # The server's access log has the group, this API's log only the address: the id leads from one to the other.
  request_parameters = { "overwrite:header.x-request-id" = "$context.requestId" }
}

resource "aws_apigatewayv2_route" "all" {
  #checkov:skip=CKV_AWS_309:the server itself checks key and group; /health is open
  api_id    = aws_apigatewayv2_api.mcp.id
  route_key = "$default"
  target    = "integrations/${aws_apigatewayv2_integration.mcp.id}"
}

resource "aws_cloudwatch_log_group" "api" {
  name              = "/aws/apigateway/${aws_apigatewayv2_api.mcp.name}"
  retention_in_days = var.log_retention_in_days
}

resource "aws_apigatewayv2_stage" "default" {
  api_id      = aws_apigatewayv2_api.mcp.id
  name        = "$default"
  auto_deploy = true

  default_route_settings {
    throttling_rate_limit  = var.limits.rate
    throttling_burst_limit = var.limits.burst
  }

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.api.arn
    format = jsonencode({
      api     = "mcp"
      time    = "$context.requestTime"
      id      = "$context.requestId"
      ip      = "$context.identity.sourceIp"
      method  = "$context.httpMethod"
      path    = "$context.path"
      status  = "$context.status"
      ms      = "$context.responseLatency"
      failure = "$context.integrationErrorMessage"
    })
  }
}

resource "aws_security_group" "link" {
  name        = "bus-simulator-mcp-link"
  description = "The MCP server's VPC link: out to the tasks only"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_egress_rule" "link_to_task" {
  security_group_id            = aws_security_group.link.id
  description                  = "The MCP server"
  referenced_security_group_id = module.tasks.security_group_id
  ip_protocol                  = "tcp"
  from_port                    = local.port
  to_port                      = local.port
}

resource "aws_vpc_security_group_ingress_rule" "task_from_link" {
  security_group_id            = module.tasks.security_group_id
  description                  = "The VPC link"
  referenced_security_group_id = aws_security_group.link.id
  ip_protocol                  = "tcp"
  from_port                    = local.port
  to_port                      = local.port
}

# A burst of them is somebody who tries keys, or a team with a wrong one.
resource "aws_cloudwatch_log_metric_filter" "unauthorized" {
  name           = "unauthorized"
  log_group_name = aws_cloudwatch_log_group.api.name
  pattern        = "{ $.status = \"401\" }"

  metric_transformation {
    namespace  = var.metrics_namespace
    name       = "Unauthorized"
    value      = "1"
    unit       = "Count"
    dimensions = { Api = "$.api" }
  }
}
