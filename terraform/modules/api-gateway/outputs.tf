output "endpoint" {
  description = "REST's URL."
  value       = aws_apigatewayv2_api.http.api_endpoint
}

output "api_id" {
  description = "The API's id, by which it publishes metrics."
  value       = aws_apigatewayv2_api.http.id
}

output "function_names" {
  description = "The names of the functions."
  value       = sort(concat([for function in local.functions : function.name], [aws_lambda_function.rest_authorizer.function_name]))
}

output "stage" {
  description = "The stage's name."
  value       = aws_apigatewayv2_stage.default.name
}
