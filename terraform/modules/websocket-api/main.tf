locals {
  stage  = "production"
  routes = ["$connect", "$disconnect", "$default"]
}

resource "aws_apigatewayv2_api" "websocket" {
  name                       = "madrid-bus-simulator-websocket"
  description                = "Live positions of the Madrid Bus Real-Time Simulator"
  protocol_type              = "WEBSOCKET"
  route_selection_expression = "$request.body.action"

  # A handler in a VPC has outbound IPv6 only, and sends its messages to this API.
  ip_address_type = var.vpc == null ? null : "dualstack"
}

resource "aws_cloudwatch_log_group" "function" {
  for_each = toset(["bus-simulator-websocket-handler", "bus-simulator-websocket-authorizer-v2"])

  name              = "/aws/lambda/${each.key}"
  retention_in_days = var.log_retention_in_days
}

resource "aws_lambda_function" "websocket_handler" {
  function_name    = "bus-simulator-websocket-handler"
  description      = "WebSocket: connections, subscriptions, and new positions to subscribers"
  filename         = "${var.lambda_folder}/websocket_handler.zip"
  source_code_hash = filebase64sha256("${var.lambda_folder}/websocket_handler.zip")
  handler          = "services.lambdas.websocket.handler"
  runtime          = "python3.12"
  architectures    = ["arm64"]
  role             = aws_iam_role.function["handler"].arn
  timeout          = 30
  memory_size      = 1769 # one virtual CPU: posting messages takes processor time

  environment {
    variables = merge(var.environment, var.store_token == null ? {} : { BUS_SIMULATOR_STORE_TOKEN_SECRET = var.store_token.name }, {
      BUS_SIMULATOR_CONNECTIONS_TABLE   = var.connections.name
      BUS_SIMULATOR_SUBSCRIPTIONS_TABLE = var.subscriptions.name
      BUS_SIMULATOR_WEBSOCKET_ENDPOINT  = local.callback
      BUS_SIMULATOR_FAN_OUT_QUEUE       = aws_sqs_queue.chunks.url
    })
  }

  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.function["bus-simulator-websocket-handler"].name
  }

  dynamic "vpc_config" {
    for_each = var.vpc[*]

    content {
      subnet_ids                  = vpc_config.value.subnet_ids
      security_group_ids          = [vpc_config.value.security_group_id]
      ipv6_allowed_for_dual_stack = true
    }
  }

  depends_on = [aws_iam_role_policy.function, aws_iam_role_policy.vpc]
}

resource "aws_lambda_function" "websocket_authorizer" {
  function_name    = "bus-simulator-websocket-authorizer-v2"
  description      = "WebSocket: who may connect"
  filename         = "${var.lambda_folder}/websocket_authorizer.zip"
  source_code_hash = filebase64sha256("${var.lambda_folder}/websocket_authorizer.zip")
  handler          = "services.lambdas.authorizers.websocket"
  runtime          = "python3.12"
  architectures    = ["arm64"]
  role             = aws_iam_role.function["authorizer"].arn
  timeout          = 10
  memory_size      = 256

  environment {
    variables = { BUS_SIMULATOR_SECRET_ID = var.secret.name }
  }

  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.function["bus-simulator-websocket-authorizer-v2"].name
  }

  depends_on = [aws_iam_role_policy.function]
}

resource "aws_apigatewayv2_authorizer" "websocket" {
  name             = "bus-simulator-websocket"
  api_id           = aws_apigatewayv2_api.websocket.id
  authorizer_type  = "REQUEST"
  authorizer_uri   = aws_lambda_function.websocket_authorizer.invoke_arn
  identity_sources = ["route.request.querystring.api_key", "route.request.querystring.group_name"]
}

resource "aws_apigatewayv2_integration" "handler" {
  api_id                    = aws_apigatewayv2_api.websocket.id
  integration_type          = "AWS_PROXY"
  integration_method        = "POST"
  integration_uri           = aws_lambda_function.websocket_handler.invoke_arn
  content_handling_strategy = "CONVERT_TO_TEXT"
}

resource "aws_apigatewayv2_route" "this" {
  for_each = toset(local.routes)
  #checkov:skip=CKV_AWS_309:a connection is authorized once, when it connects

  api_id             = aws_apigatewayv2_api.websocket.id
  route_key          = each.key
  target             = "integrations/${aws_apigatewayv2_integration.handler.id}"
  authorization_type = each.key == "$connect" ? "CUSTOM" : "NONE"
  authorizer_id      = each.key == "$connect" ? aws_apigatewayv2_authorizer.websocket.id : null
}

resource "aws_apigatewayv2_stage" "production" {
  #checkov:skip=CKV_AWS_76:logs of a WebSocket API need a role for the whole account; the handler logs every call
  api_id      = aws_apigatewayv2_api.websocket.id
  name        = local.stage
  auto_deploy = true

  default_route_settings {
    detailed_metrics_enabled = true
    throttling_rate_limit    = 500
    throttling_burst_limit   = 1000
  }
}

resource "aws_lambda_permission" "api" {
  for_each = {
    (aws_lambda_function.websocket_handler.function_name)    = "${aws_apigatewayv2_api.websocket.execution_arn}/${local.stage}/*"
    (aws_lambda_function.websocket_authorizer.function_name) = "${aws_apigatewayv2_api.websocket.execution_arn}/authorizers/${aws_apigatewayv2_authorizer.websocket.id}"
  }

  statement_id  = "api-gateway"
  action        = "lambda:InvokeFunction"
  function_name = each.key
  principal     = "apigateway.amazonaws.com"
  source_arn    = each.value
}

# The authorizer logs each handshake that it refuses, with its group.
resource "aws_cloudwatch_log_metric_filter" "unauthorized" {
  name           = "unauthorized"
  log_group_name = aws_cloudwatch_log_group.function["bus-simulator-websocket-authorizer-v2"].name
  pattern        = "{ $.message = \"websocket\" && ($.status = 401 || $.status = 403) }"

  metric_transformation {
    namespace  = var.metrics_namespace
    name       = "Unauthorized"
    value      = "1"
    unit       = "Count"
    dimensions = { Api = "$.message" }
  }
}
