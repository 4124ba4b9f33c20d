mock_provider "aws" {
  source = "../../mocks"
}

variables {
  domain          = "bus.example.org"
  certificate_arn = "arn:aws:acm:eu-west-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef"
  zone_id         = "Z0123456789ABCDEFGHIJ"
  api             = { id = "abcdefghij", stage = "production" }
}

run "the_domain_leads_to_the_stage" {
  assert {
    condition     = aws_apigatewayv2_api_mapping.this.api_id == "abcdefghij" && aws_apigatewayv2_api_mapping.this.stage == "production" && aws_apigatewayv2_api_mapping.this.api_mapping_key == null
    error_message = "The domain must lead to the API's stage without a path."
  }

  assert {
    condition     = aws_apigatewayv2_domain_name.this.domain_name == "bus.example.org" && one(aws_apigatewayv2_domain_name.this.domain_name_configuration).security_policy == "TLS_1_2"
    error_message = "The domain must be the one given, with TLS 1.2."
  }

  assert {
    condition     = aws_route53_record.this["A"].name == "bus.example.org" && one(aws_route53_record.this["A"].alias).name == output.target
    error_message = "The record must point to the domain's target."
  }
}

run "without_a_zone_the_record_is_made_elsewhere" {
  variables {
    zone_id = null
  }

  assert {
    condition     = length(aws_route53_record.this) == 0 && output.target != ""
    error_message = "Without a zone there must be no record, and the target must be known."
  }
}

run "a_name_in_capitals_is_refused" {
  command = plan

  variables {
    domain = "Bus.example.org"
  }

  expect_failures = [var.domain]
}

run "what_is_no_certificate_is_refused" {
  command = plan

  variables {
    certificate_arn = "bus.example.org"
  }

  expect_failures = [var.certificate_arn]
}
