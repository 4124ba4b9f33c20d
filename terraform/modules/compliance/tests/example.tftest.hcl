mock_provider "aws" {
  source = "../../mocks"
}

variables {
  parts      = ["cloudtrail", "config", "guardduty", "flow-logs"]
  emails     = ["operators@example.org"]
  account_id = "123456789012"
  vpc_id     = "vpc-0123456789abcdef0"
}

run "everything" {
  assert {
    condition     = aws_cloudtrail.this["cloudtrail"].enable_log_file_validation && aws_guardduty_detector.this["guardduty"].enable && aws_config_configuration_recorder_status.this["config"].is_enabled && aws_flow_log.this["flow-logs"].traffic_type == "ALL"
    error_message = "All four parts must be enabled."
  }

  assert {
    condition     = output.audit_bucket != null && output.findings_topic_arn != null
    error_message = "There must be a bucket for files and a topic for findings."
  }

  assert {
    condition     = [for subscription in aws_sns_topic_subscription.findings : "${subscription.endpoint} ${subscription.topic_arn}"] == ["operators@example.org ${output.findings_topic_arn}"]
    error_message = "Each address must be subscribed to the findings."
  }
}

run "nothing" {
  variables {
    parts = []
  }

  assert {
    condition     = output.audit_bucket == null && output.findings_topic_arn == null && length(aws_config_config_rule.managed) == 0 && length(aws_sns_topic_subscription.findings) == 0
    error_message = "Without parts nothing may be created."
  }
}

run "an_unknown_part_is_refused" {
  command = plan

  variables {
    parts = ["iso-27001"]
  }

  expect_failures = [var.parts]
}
