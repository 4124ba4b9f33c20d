mock_provider "aws" {
  source = "../../mocks"
}

variables {
  cluster_name   = "bus-simulator-cluster"
  feeders        = { people-count-feeder = "people-count", sensors-feeder = "sensors", bus-position-feeder = "bus-position" }
  mcp_service    = "mcp-server"
  stopped_rules  = { for service in ["people-count-feeder", "sensors-feeder", "bus-position-feeder", "mcp-server"] : service => "bus-simulator-stopped-${service}" }
  http_api_id    = "abcdefghij"
  mcp_api_id     = "klmnopqrst"
  websocket      = { api_id = "uvwxyzabcd", stage = "production" }
  event_bus_name = "bus-simulator-events"
  functions      = ["bus-simulator-people-count", "bus-simulator-sensors"]
}

run "every_metric_that_the_manual_watches" {
  assert {
    condition = length(setsubtract([
      "CPUUtilization", "MemoryUtilization", "RunningTaskCount", "PendingTaskCount", "MatchedEvents", "NetworkRxBytes", "NetworkTxBytes", "FeederLag",
      "Count", "Latency", "4xx", "5xx", "IntegrationLatency",
      "Invocations", "Duration", "Errors", "Throttles", "ConcurrentExecutions",
      "SuccessfulRequestLatency", "MemoryCumulativeBytesMetered", "MagneticCumulativeBytesMetered",
      "DesiredTaskCount", "UnHealthyContainerHealthStatus",
    ], flatten(regexall("[\"\\\\ ]([A-Za-z0-9]+)[\"\\\\]", aws_cloudwatch_dashboard.this.dashboard_body)))) == 0
    error_message = "A metric of the manual is missing."
  }

  assert {
    condition     = alltrue([for stat in ["p50", "p90", "p99"] : strcontains(aws_cloudwatch_dashboard.this.dashboard_body, "\"stat\":\"${stat}\"")])
    error_message = "Latency by percentiles."
  }

  assert {
    condition     = length(distinct([for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : "${widget.x},${widget.y}"])) == length(jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets)
    error_message = "Two widgets are in one place."
  }
}
