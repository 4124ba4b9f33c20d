# One rule: an address that sends too many requests in five minutes is answered 403 until it sends fewer.
resource "aws_wafv2_web_acl" "addresses" {
  #checkov:skip=CKV_AWS_192:the servers are Python and have no Log4j to protect
  #checkov:skip=CKV2_AWS_31:the rule's metric and samples of requests are enough; logs would need a stream
  name        = "bus-simulator-addresses"
  description = "Limits the requests of one address"
  scope       = "REGIONAL"

  default_action {
    allow {}
  }

  rule {
    name     = "requests-per-address"
    priority = 0

    action {
      block {}
    }

    statement {
      rate_based_statement {
        limit                 = var.requests_per_address_5min
        evaluation_window_sec = 300
        aggregate_key_type    = "IP"
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "requests-per-address"
      sampled_requests_enabled   = true
    }
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = "bus-simulator-addresses"
    sampled_requests_enabled   = true
  }
}

resource "aws_wafv2_web_acl_association" "load_balancer" {
  resource_arn = var.load_balancer_arn
  web_acl_arn  = aws_wafv2_web_acl.addresses.arn
}
