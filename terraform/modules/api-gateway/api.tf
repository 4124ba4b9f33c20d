locals {
  routes = {
    "GET /people-count"                      = "people_count_api"
    "GET /people-count/{stop_id}"            = "people_count_api"
    "GET /sensors/bus"                       = "sensors_api"
    "GET /sensors/stop"                      = "sensors_api"
    "GET /sensors/{entity_type}/{entity_id}" = "sensors_api"
    "GET /bus-position"                      = "bus_position_api"
    "GET /bus-position/{bus_id}"             = "bus_position_api"
    "GET /bus-position/line/{line_id}"       = "bus_position_api"
    "GET /stop-visits/stop/{stop_id}"        = "network_api"
    "GET /stop-visits/bus/{bus_id}"          = "network_api"
    "GET /stop-visits/line/{line_id}"        = "network_api"
    "GET /arrivals/{stop_id}"                = "network_api"
    "GET /trips/{trip_id}"                   = "network_api"
    "GET /network.geojson"                   = "network_api"
    "GET /lines/{line_id}/shape"             = "network_api"
    "GET /lines/{line_id}/timetable"         = "network_api"
    "GET /stops/{stop_id}"                   = "network_api"
    "GET /buses/{bus_id}"                    = "network_api"
    "GET /interventions"                     = "network_api"
    "GET /lines"                             = "network_api"
    "GET /lines/{line_id}"                   = "network_api"
    "GET /stops"                             = "network_api"
    "GET /buses"                             = "network_api"
    "$default"                               = "network_api"
  }
  # Open routes: health, and browsers' preflight requests, which `$default` would otherwise refuse.
  open_routes = {
    "GET /health"       = "network_api"
    "OPTIONS /{proxy+}" = "network_api"
  }
}

resource "aws_apigatewayv2_api" "http" {
  name          = "madrid-bus-simulator-http"
  description   = "REST of the Madrid Bus Real-Time Simulator"
  protocol_type = "HTTP"

  cors_configuration {
    allow_origins  = ["*"]
    allow_methods  = ["GET", "HEAD", "OPTIONS", "POST"]
    allow_headers  = ["accesstoken", "content-type", "email", "if-none-match", "passkey", "password", "x-api-key", "x-clientid", "x-group-name"]
    expose_headers = ["etag", "retry-after", "x-next-cursor"]
    max_age        = 600
  }
}

resource "aws_apigatewayv2_integration" "function" {
  for_each = local.by_function

  api_id                 = aws_apigatewayv2_api.http.id
  integration_type       = "AWS_PROXY"
  integration_uri        = each.value.invoke_arn
  payload_format_version = "2.0"
}

resource "aws_apigatewayv2_route" "authorized" {
  for_each = local.routes

  api_id             = aws_apigatewayv2_api.http.id
  route_key          = each.key
  target             = "integrations/${aws_apigatewayv2_integration.function[each.value].id}"
  authorization_type = "CUSTOM"
  authorizer_id      = aws_apigatewayv2_authorizer.rest.id
}

resource "aws_apigatewayv2_route" "open" {
  #checkov:skip=CKV_AWS_309:/health returns the state of the system and no records; preflights carry no key
  for_each = local.open_routes

  api_id             = aws_apigatewayv2_api.http.id
  route_key          = each.key
  target             = "integrations/${aws_apigatewayv2_integration.function[each.value].id}"
  authorization_type = "NONE"
}

resource "aws_lambda_permission" "function" {
  for_each = local.by_function

  statement_id  = "api-gateway"
  action        = "lambda:InvokeFunction"
  function_name = each.value.function_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.http.execution_arn}/*"
}

resource "aws_cloudwatch_log_group" "api" {
  name              = "/aws/apigateway/${aws_apigatewayv2_api.http.name}"
  retention_in_days = var.log_retention_in_days
}

resource "aws_apigatewayv2_stage" "default" {
  api_id      = aws_apigatewayv2_api.http.id
  name        = "$default"
  auto_deploy = true

  default_route_settings {
    detailed_metrics_enabled = true
    throttling_rate_limit    = var.limits.rate
    throttling_burst_limit   = var.limits.burst
  }

  # Anybody may request /health: it has a small limit of its own, and takes nothing from the others'.
  route_settings {
    route_key                = "GET /health"
    detailed_metrics_enabled = true
    throttling_rate_limit    = 10
    throttling_burst_limit   = 20
  }

  # Nor do pages, which anybody may open: what they load, once for each team.
  dynamic "route_settings" {
    for_each = local.pages

    content {
      route_key                = route_settings.value
      detailed_metrics_enabled = false
      throttling_rate_limit    = 20
      throttling_burst_limit   = 100
    }
  }

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.api.arn
    format = jsonencode({
      api     = "rest"
      time    = "$context.requestTime"
      id      = "$context.requestId"
      ip      = "$context.identity.sourceIp"
      group   = "$context.authorizer.group"
      method  = "$context.httpMethod"
      path    = "$context.path"
      status  = "$context.status"
      ms      = "$context.responseLatency"
      failure = "$context.integrationErrorMessage"
    })
  }

  depends_on = [aws_apigatewayv2_route.open, aws_apigatewayv2_route.page] # whose settings are above
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
