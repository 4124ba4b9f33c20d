output "endpoint" {
  description = "The WebSocket's URL with its stage."
  value       = aws_apigatewayv2_stage.production.invoke_url
}

output "api_id" {
  description = "The API's id, by which it publishes metrics."
  value       = aws_apigatewayv2_api.websocket.id
}

output "stage" {
  description = "The stage's name."
  value       = aws_apigatewayv2_stage.production.name
}

output "handler" {
  description = "The handler: its name, its ARN and its role's name, for the bus that calls it."
  value = {
    name = aws_lambda_function.websocket_handler.function_name
    arn  = aws_lambda_function.websocket_handler.arn
    role = aws_iam_role.function["handler"].name
  }
}

output "function_names" {
  description = "The names of the functions."
  value       = sort([aws_lambda_function.websocket_authorizer.function_name, aws_lambda_function.websocket_handler.function_name])
}
