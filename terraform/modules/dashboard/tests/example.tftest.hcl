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
    condition = length(setsubtract(concat(
      [for pair in setproduct(
        ["AWS/ECS CPUUtilization", "AWS/ECS MemoryUtilization", "ECS/ContainerInsights RunningTaskCount", "ECS/ContainerInsights PendingTaskCount", "ECS/ContainerInsights NetworkRxBytes", "ECS/ContainerInsights NetworkTxBytes"],
        ["people-count-feeder", "sensors-feeder", "bus-position-feeder", "mcp-server"],
      ) : "${pair[0]} ClusterName bus-simulator-cluster ServiceName ${pair[1]}"],
      [for service in ["people-count-feeder", "sensors-feeder", "bus-position-feeder", "mcp-server"] : "AWS/Events MatchedEvents RuleName bus-simulator-stopped-${service}"],
      [for feeder in ["people-count", "sensors", "bus-position"] : "BusSimulator FeederLag Feeder ${feeder}"],
      [for metric in ["Count", "Latency", "4xx", "5xx", "IntegrationLatency"] : "AWS/ApiGateway ${metric} ApiId abcdefghij"],
      [for metric in ["Count", "Latency", "4xx", "5xx"] : "AWS/ApiGateway ${metric} ApiId klmnopqrst"],
      [for metric in ["ConnectCount", "MessageCount", "ClientError", "ExecutionError", "IntegrationError"] : "AWS/ApiGateway ${metric} ApiId uvwxyzabcd Stage production"],
      [for metric in ["MatchedEvents", "FailedInvocations"] : "AWS/Events ${metric} EventBusName bus-simulator-events RuleName bus-simulator-positions"],
      [for pair in setproduct(["Invocations", "Duration", "Errors", "Throttles", "ConcurrentExecutions"], ["people-count", "sensors"]) : "AWS/Lambda ${pair[0]} FunctionName bus-simulator-${pair[1]}"],
      ["ECS/ContainerInsights DesiredTaskCount ClusterName bus-simulator-cluster ServiceName mcp-server"],
      ), flatten([for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : [
        for line in try(widget.properties.metrics, []) : join(" ", [for part in line : part if can(tostring(part))])
    ]]))) == 0
    error_message = "A metric of the operations manual is missing, or has another namespace or dimension."
  }

  assert {
    condition = [for search in [
      "MetricName=\"SuccessfulRequestLatency\" Operation=\"WriteRecords\" DatabaseName=\"bus_simulator\"",
      "Namespace=\"AWS/Timestream\" MetricName=\"SuccessfulRequestLatency\" Operation=\"Query\"",
      "Namespace=\"AWS/Timestream\" MetricName=\"MemoryCumulativeBytesMetered\"",
      "Namespace=\"AWS/Timestream\" MetricName=\"MagneticCumulativeBytesMetered\"",
      "Namespace=\"ECS/ContainerInsights\" MetricName=\"UnHealthyContainerHealthStatus\" ClusterName=\"bus-simulator-cluster\" ServiceName=\"mcp-server\"",
      ] : search if !anytrue(flatten([for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : [
        for line in try(widget.properties.metrics, []) : [for part in line : strcontains(try(part.expression, ""), search)]
    ]]))] == []
    error_message = "A search for the operations manual's metrics is missing."
  }

  assert {
    condition     = alltrue([for stat in ["p50", "p90", "p99"] : strcontains(aws_cloudwatch_dashboard.this.dashboard_body, "\"stat\":\"${stat}\"")])
    error_message = "Latency must be shown as p50, p90 and p99."
  }

  assert {
    condition     = length(distinct([for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : "${widget.x},${widget.y}"])) == length(jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets)
    error_message = "Two widgets have the same place."
  }
}

run "a_load_balancer_and_aurora_in_place_of_gateways_and_timestream" {
  variables {
    mcp_service   = "api-server"
    stopped_rules = { for service in ["people-count-feeder", "sensors-feeder", "bus-position-feeder", "api-server"] : service => "bus-simulator-stopped-${service}" }
    http_api_id   = null
    mcp_api_id    = null
    websocket     = null
    functions     = []
    load_balancer = "app/bus-simulator-front/0123456789abcdef"
    database      = "bus-simulator"
  }

  assert {
    condition     = [for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : widget.properties.markdown if widget.type == "text"] == ["## Fargate services", "## Load balancer", "## Aurora"]
    error_message = "There must be rows only for what exists."
  }

  assert {
    condition     = strcontains(aws_cloudwatch_dashboard.this.dashboard_body, "\"LoadBalancer\",\"app/bus-simulator-front/0123456789abcdef\"") && strcontains(aws_cloudwatch_dashboard.this.dashboard_body, "\"DBClusterIdentifier\",\"bus-simulator\"")
    error_message = "Metrics must be those of the load balancer and the cluster."
  }
}
