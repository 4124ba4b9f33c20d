mock_provider "aws" {
  source = "../../mocks"
}

variables {
  load_balancer_arn         = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/bus-simulator-front/0123456789abcdef"
  requests_per_address_5min = 15000
}

run "an_address_that_asks_too_much_is_blocked" {
  assert {
    condition     = one(one(one(aws_wafv2_web_acl.addresses.rule).statement).rate_based_statement).limit == 15000 && one(one(one(aws_wafv2_web_acl.addresses.rule).statement).rate_based_statement).aggregate_key_type == "IP"
    error_message = "The rule must count by address."
  }

  assert {
    condition     = aws_wafv2_web_acl_association.load_balancer.resource_arn == var.load_balancer_arn
    error_message = "The web ACL must protect the load balancer."
  }
}

run "fewer_than_waf_counts_is_refused" {
  command = plan

  variables {
    requests_per_address_5min = 5
  }

  expect_failures = [var.requests_per_address_5min]
}
