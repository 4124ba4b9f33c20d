mock_provider "aws" {
  source = "../../mocks"
}

variables {
  account_id         = "123456789012"
  emails             = ["operators@example.org"]
  cluster_name       = "bus-simulator-cluster"
  feeders            = { sensors-feeder = "sensors" }
  answering_services = { mcp-server = "bus-simulator-stopped-mcp-server" }
  http_apis          = { rest = "abcdefghij", mcp = "klmnopqrst" }
  websocket          = { api_id = "uvwxyzabcd", stage = "production" }
  functions          = ["bus-simulator-sensors"]
  dead_letter_queues = ["bus-simulator-undelivered-events"]
  services_with_data = ["timestream-endpoint"]
  failure_metrics    = { timestream-history = { namespace = "BusSimulator", name = "HistoryFailed" } }
}

run "every_metric_of_the_manual_has_an_alarm" {
  assert {
    condition = output.names == sort([
      "bus-simulator-mcp-5xx", "bus-simulator-mcp-latency", "bus-simulator-mcp-unauthorized",
      "bus-simulator-mcp-server-no-task", "bus-simulator-mcp-server-unhealthy",
      "bus-simulator-rest-5xx", "bus-simulator-rest-latency", "bus-simulator-rest-unauthorized",
      "bus-simulator-timestream-endpoint-cpu", "bus-simulator-timestream-endpoint-disk", "bus-simulator-timestream-history-failed",
      "bus-simulator-undelivered-events-not-empty", "bus-simulator-websocket-unauthorized",
      "bus-simulator-sensors-errors", "bus-simulator-sensors-throttles",
      "bus-simulator-sensors-feeder-lag", "bus-simulator-sensors-feeder-no-data", "bus-simulator-websocket-errors",
    ])
    error_message = "There must be alarms for lag, no data, 5xx, latency, errors, throttles and health."
  }

  assert {
    condition = { for name, alarm in merge(aws_cloudwatch_metric_alarm.floor, aws_cloudwatch_metric_alarm.ceiling) :
      name => join(" ", concat([alarm.namespace, alarm.metric_name], [for dimension, value in alarm.dimensions : "${dimension}=${value}"]))
      } == {
      mcp-5xx                = "AWS/ApiGateway 5xx ApiId=klmnopqrst"
      mcp-latency            = "AWS/ApiGateway Latency ApiId=klmnopqrst"
      mcp-server-no-task     = "ECS/ContainerInsights RunningTaskCount ClusterName=bus-simulator-cluster ServiceName=mcp-server"
      mcp-server-unhealthy   = "AWS/Events MatchedEvents RuleName=bus-simulator-stopped-mcp-server"
      rest-5xx               = "AWS/ApiGateway 5xx ApiId=abcdefghij"
      rest-latency           = "AWS/ApiGateway Latency ApiId=abcdefghij"
      sensors-feeder-lag     = "BusSimulator FeederLag Feeder=sensors"
      sensors-feeder-no-data = "BusSimulator FeederLag Feeder=sensors"
      websocket-errors       = "AWS/ApiGateway IntegrationError ApiId=uvwxyzabcd Stage=production"
      mcp-unauthorized       = "BusSimulator Unauthorized Api=mcp"
      rest-unauthorized      = "BusSimulator Unauthorized Api=rest"
      websocket-unauthorized = "BusSimulator Unauthorized Api=websocket"

      timestream-endpoint-cpu   = "AWS/ECS CPUUtilization ClusterName=bus-simulator-cluster ServiceName=timestream-endpoint"
      timestream-endpoint-disk  = "ECS/ContainerInsights EphemeralStorageUtilized ClusterName=bus-simulator-cluster ServiceName=timestream-endpoint"
      timestream-history-failed = "BusSimulator HistoryFailed"

      bus-simulator-undelivered-events-not-empty = "AWS/SQS ApproximateNumberOfMessagesVisible QueueName=bus-simulator-undelivered-events"

      bus-simulator-sensors-errors    = "AWS/Lambda Errors FunctionName=bus-simulator-sensors"
      bus-simulator-sensors-throttles = "AWS/Lambda Throttles FunctionName=bus-simulator-sensors"
    }
    error_message = "Each alarm must use its metric's namespace and dimensions."
  }

  assert {
    condition = (
      aws_cloudwatch_metric_alarm.ceiling["mcp-server-unhealthy"].threshold == 1
      && aws_cloudwatch_metric_alarm.ceiling["mcp-server-unhealthy"].period == 600
      && aws_cloudwatch_metric_alarm.ceiling["mcp-server-unhealthy"].statistic == "Sum"
    )
    error_message = "Two stopped tasks in 10 minutes must raise the alarm; one is a restart."
  }

  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.floor : alarm.treat_missing_data == "breaching"])
    error_message = "Missing data must raise the alarms with a lower threshold."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.floor["sensors-feeder-no-data"].period * aws_cloudwatch_metric_alarm.floor["sensors-feeder-no-data"].evaluation_periods == 300
    error_message = "The alarm must be raised after 5 minutes without data."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.ceiling["rest-latency"].extended_statistic == "p99"
    error_message = "The latency alarm must use p99."
  }

  assert {
    condition     = alltrue([for alarm in merge(aws_cloudwatch_metric_alarm.floor, aws_cloudwatch_metric_alarm.ceiling) : alarm.alarm_actions == toset([aws_sns_topic.alarms.arn])])
    error_message = "Every alarm must notify the topic."
  }
}

run "no_alarm_for_gateways_that_a_deployment_lacks" {
  command = plan

  variables {
    http_apis = {}
    websocket = null
  }

  assert {
    condition     = [for name in keys(aws_cloudwatch_metric_alarm.ceiling) : name if endswith(name, "-unauthorized") || startswith(name, "websocket")] == []
    error_message = "Without gateways there must be no alarms on their metrics."
  }
}

run "an_invalid_address_is_refused" {
  command = plan

  variables {
    emails = ["operators"]
  }

  expect_failures = [var.emails]
}
