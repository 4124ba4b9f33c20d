# What the provider checks the form of, for `terraform test`: ARNs and policies that look real.
mock_data "aws_iam_policy_document" {
  defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
}

mock_data "aws_region" {
  defaults = { name = "eu-west-1" }
}

mock_data "aws_partition" {
  defaults = { partition = "aws" }
}

mock_resource "aws_vpc" {
  defaults = { ipv6_cidr_block = "2a05:d018:aaaa:bb00::/56", cidr_block = "10.42.0.0/16" }
}

mock_resource "aws_iam_role" {
  defaults = { arn = "arn:aws:iam::123456789012:role/some-role" }
}

mock_resource "aws_ecs_cluster" {
  defaults = { id = "arn:aws:ecs:eu-west-1:123456789012:cluster/bus-simulator-cluster" }
}

mock_resource "aws_ecs_task_definition" {
  defaults = { arn = "arn:aws:ecs:eu-west-1:123456789012:task-definition/some-task:1" }
}

mock_resource "aws_lambda_function" {
  defaults = {
    arn        = "arn:aws:lambda:eu-west-1:123456789012:function:some-function"
    invoke_arn = "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:123456789012:function:some-function/invocations"
  }
}

mock_resource "aws_cloudwatch_log_group" {
  defaults = { arn = "arn:aws:logs:eu-west-1:123456789012:log-group:some-group" }
}

mock_resource "aws_cloudwatch_event_rule" {
  defaults = { arn = "arn:aws:events:eu-west-1:123456789012:rule/some-rule" }
}

mock_resource "aws_cloudwatch_event_bus" {
  defaults = { arn = "arn:aws:events:eu-west-1:123456789012:event-bus/bus-simulator-events" }
}

mock_resource "aws_sqs_queue" {
  defaults = { arn = "arn:aws:sqs:eu-west-1:123456789012:some-queue", id = "https://sqs.eu-west-1.amazonaws.com/123456789012/some-queue" }
}

mock_resource "aws_sns_topic" {
  defaults = { arn = "arn:aws:sns:eu-west-1:123456789012:some-topic" }
}

mock_resource "aws_s3_bucket" {
  defaults = { arn = "arn:aws:s3:::some-bucket" }
}

mock_resource "aws_secretsmanager_secret" {
  defaults = {
    id  = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:bus-simulator/api-key-abcdef"
    arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:bus-simulator/api-key-abcdef"
  }
}

mock_resource "aws_service_discovery_service" {
  defaults = { arn = "arn:aws:servicediscovery:eu-west-1:123456789012:service/srv-abcdefghijklmnop" }
}

mock_resource "aws_apigatewayv2_api" {
  defaults = {
    api_endpoint  = "https://abcdefghij.execute-api.eu-west-1.amazonaws.com"
    execution_arn = "arn:aws:execute-api:eu-west-1:123456789012:abcdefghij"
  }
}

mock_resource "aws_apigatewayv2_domain_name" {
  defaults = {
    domain_name_configuration = { target_domain_name = "d-abcdefghij.execute-api.eu-west-1.amazonaws.com", hosted_zone_id = "ZLY8HYME6SFDD" }
  }
}

mock_resource "aws_timestreamwrite_table" {
  defaults = { arn = "arn:aws:timestream:eu-west-1:123456789012:database/bus_simulator/table/some_table" }
}

mock_resource "aws_lb" {
  defaults = {
    arn        = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/bus-simulator-front/0123456789abcdef"
    arn_suffix = "app/bus-simulator-front/0123456789abcdef"
    dns_name   = "bus-simulator-front-1.eu-west-1.elb.amazonaws.com"
    zone_id    = "Z32O12XQLNTSW2"
  }
}

mock_resource "aws_lb_target_group" {
  defaults = {
    arn        = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/bus-simulator-api-server/0123456789abcdef"
    arn_suffix = "targetgroup/bus-simulator-api-server/0123456789abcdef"
  }
}

mock_resource "aws_wafv2_web_acl" {
  defaults = { arn = "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/bus-simulator-addresses/01234567-89ab-cdef-0123-456789abcdef" }
}

mock_resource "aws_rds_cluster" {
  defaults = { endpoint = "bus-simulator.cluster-abcdefghijkl.eu-west-1.rds.amazonaws.com" }
}
