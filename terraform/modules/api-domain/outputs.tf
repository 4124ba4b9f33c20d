output "domain" {
  description = "The name under which clients find the API, once it leads there."
  value       = aws_apigatewayv2_api_mapping.this.domain_name
}

output "target" {
  description = "The name that the domain's record must point to."
  value       = aws_apigatewayv2_domain_name.this.domain_name_configuration[0].target_domain_name
}
