data "aws_region" "this" {}

locals {
  # One row of widgets per part. A widget is a title and its lines; a line is a metric or a search.
  rows = {
    "1 Fargate services" = [
      { title = "CPU, %", stat = "Average", lines = [for service in local.services : ["AWS/ECS", "CPUUtilization", "ClusterName", var.cluster_name, "ServiceName", service, { label = service }]] },
      { title = "Memory, %", stat = "Average", lines = [for service in local.services : ["AWS/ECS", "MemoryUtilization", "ClusterName", var.cluster_name, "ServiceName", service, { label = service }]] },
      { title = "Tasks running", stat = "Minimum", lines = [for service in local.services : ["ECS/ContainerInsights", "RunningTaskCount", "ClusterName", var.cluster_name, "ServiceName", service, { label = service }]] },
      { title = "Tasks pending", stat = "Maximum", lines = [for service in local.services : ["ECS/ContainerInsights", "PendingTaskCount", "ClusterName", var.cluster_name, "ServiceName", service, { label = service }]] },
      { title = "Tasks stopped", stat = "Sum", lines = [for service in local.services : ["AWS/Events", "MatchedEvents", "RuleName", var.stopped_rules[service], { label = service }]] },
      { title = "Network, bytes/s", stat = "Average", lines = concat(
        [for service in local.services : ["ECS/ContainerInsights", "NetworkRxBytes", "ClusterName", var.cluster_name, "ServiceName", service, { label = "${service} in" }]],
        [for service in local.services : ["ECS/ContainerInsights", "NetworkTxBytes", "ClusterName", var.cluster_name, "ServiceName", service, { label = "${service} out" }]],
      ) },
      { title = "Feeders' lag, s", stat = "Maximum", lines = [for service, feeder in var.feeders : [var.metrics_namespace, "FeederLag", "Feeder", feeder, { label = service }]] },
    ]
    "2 REST" = [
      { title = "Requests", stat = "Sum", lines = [["AWS/ApiGateway", "Count", "ApiId", var.http_api_id]] },
      { title = "Latency, ms", stat = "p50", lines = [for stat in ["p50", "p90", "p99"] : ["AWS/ApiGateway", "Latency", "ApiId", var.http_api_id, { stat = stat, label = stat }]] },
      { title = "Refused and failed", stat = "Sum", lines = [for metric in ["4xx", "5xx"] : ["AWS/ApiGateway", metric, "ApiId", var.http_api_id, { label = metric }]] },
      { title = "Integration latency, ms", stat = "p50", lines = [for stat in ["p50", "p90", "p99"] : ["AWS/ApiGateway", "IntegrationLatency", "ApiId", var.http_api_id, { stat = stat, label = stat }]] },
    ]
    "3 WebSocket" = [
      { title = "Connections and messages", stat = "Sum", lines = [for metric in ["ConnectCount", "MessageCount"] : ["AWS/ApiGateway", metric, "ApiId", local.websocket.api_id, "Stage", local.websocket.stage, { label = metric }]] },
      { title = "Errors", stat = "Sum", lines = [for metric in ["ClientError", "ExecutionError", "IntegrationError"] : ["AWS/ApiGateway", metric, "ApiId", local.websocket.api_id, "Stage", local.websocket.stage, { label = metric }]] },
      { title = "Events matched and undelivered", stat = "Sum", lines = [for metric in ["MatchedEvents", "FailedInvocations"] : ["AWS/Events", metric, "EventBusName", var.event_bus_name, "RuleName", "bus-simulator-positions", { label = metric }]] },
    ]
    "4 Functions" = [for metric, stat in {
      Invocations = "Sum", Duration = "p90", Errors = "Sum", Throttles = "Sum", ConcurrentExecutions = "Maximum"
    } : { title = metric, stat = stat, lines = [for function in var.functions : ["AWS/Lambda", metric, "FunctionName", function, { label = function }]] }]
    "5 Timestream" = [
      { title = "Writes, calls", stat = "SampleCount", lines = [[{ expression = "SEARCH('{AWS/Timestream,DatabaseName,Operation,TableName} MetricName=\"SuccessfulRequestLatency\" Operation=\"WriteRecords\" DatabaseName=\"bus_simulator\"', 'SampleCount', 60)" }]] },
      { title = "Query latency, ms", stat = "p50", lines = [for stat in ["p50", "p99"] : [{ expression = "SEARCH('Namespace=\"AWS/Timestream\" MetricName=\"SuccessfulRequestLatency\" Operation=\"Query\"', '${stat}', 60)" }]] },
      { title = "Stored, bytes", stat = "Maximum", lines = [for metric in ["MemoryCumulativeBytesMetered", "MagneticCumulativeBytesMetered"] : [{ expression = "SEARCH('Namespace=\"AWS/Timestream\" MetricName=\"${metric}\"', 'Maximum', 900)" }]] },
    ]
    "6 MCP server" = [
      { title = "CPU and memory, %", stat = "Average", lines = [for metric in ["CPUUtilization", "MemoryUtilization"] : ["AWS/ECS", metric, "ClusterName", var.cluster_name, "ServiceName", var.mcp_service, { label = metric }]] },
      { title = "Tasks", stat = "Average", lines = [for metric in ["DesiredTaskCount", "RunningTaskCount", "PendingTaskCount"] : ["ECS/ContainerInsights", metric, "ClusterName", var.cluster_name, "ServiceName", var.mcp_service, { label = metric }]] },
      { title = "Unhealthy containers", stat = "Maximum", lines = [[{ expression = "SEARCH('Namespace=\"ECS/ContainerInsights\" MetricName=\"UnHealthyContainerHealthStatus\" ClusterName=\"${var.cluster_name}\" ServiceName=\"${var.mcp_service}\"', 'Maximum', 60)" }]] },
      { title = "Requests", stat = "Sum", lines = [for metric in ["Count", "4xx", "5xx"] : ["AWS/ApiGateway", metric, "ApiId", var.mcp_api_id, { label = metric }]] },
      { title = "Latency, ms", stat = "p50", lines = [for stat in ["p50", "p90", "p99"] : ["AWS/ApiGateway", "Latency", "ApiId", var.mcp_api_id, { stat = stat, label = stat }]] },
    ]
    "7 Load balancer" = [
      { title = "Requests", stat = "Sum", lines = [["AWS/ApplicationELB", "RequestCount", "LoadBalancer", var.load_balancer]] },
      { title = "Response time, s", stat = "p50", lines = [for stat in ["p50", "p90", "p99"] : ["AWS/ApplicationELB", "TargetResponseTime", "LoadBalancer", var.load_balancer, { stat = stat, label = stat }]] },
      { title = "Refused and failed", stat = "Sum", lines = [for metric in ["HTTPCode_Target_4XX_Count", "HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count"] : ["AWS/ApplicationELB", metric, "LoadBalancer", var.load_balancer, { label = metric }]] },
      { title = "Open connections", stat = "Sum", lines = [["AWS/ApplicationELB", "ActiveConnectionCount", "LoadBalancer", var.load_balancer]] },
    ]
    "8 Aurora" = [
      { title = "Capacity, units", stat = "Maximum", lines = [["AWS/RDS", "ServerlessDatabaseCapacity", "DBClusterIdentifier", var.database]] },
      { title = "CPU, %", stat = "Maximum", lines = [["AWS/RDS", "CPUUtilization", "DBClusterIdentifier", var.database]] },
      { title = "Connections", stat = "Maximum", lines = [["AWS/RDS", "DatabaseConnections", "DBClusterIdentifier", var.database]] },
      { title = "Stored, bytes", stat = "Maximum", lines = [["AWS/RDS", "VolumeBytesUsed", "DBClusterIdentifier", var.database]] },
    ]
  }
  # The rows of what the deployment has: functions and gateways or a load balancer, Timestream or Aurora.
  gateways  = ["2 REST", "3 WebSocket", "4 Functions", "6 MCP server"]
  left_out  = concat(var.load_balancer == null ? ["7 Load balancer"] : local.gateways, [var.database == null ? "8 Aurora" : "5 Timestream"])
  shown     = { for name, widgets in local.rows : name => widgets if !contains(local.left_out, name) }
  websocket = coalesce(var.websocket, { api_id = "none", stage = "none" })

  services = concat(sort(keys(var.feeders)), [var.mcp_service])

  # Four widgets side by side; every row begins with its name.
  heights = { for name, widgets in local.shown : name => 1 + 6 * ceil(length(widgets) / 4) }
  tops    = { for i, name in sort(keys(local.shown)) : name => sum(concat([0], [for before in slice(sort(keys(local.shown)), 0, i) : local.heights[before]])) }

  widgets = flatten([for name in sort(keys(local.shown)) : concat(
    [{ type = "text", x = 0, y = local.tops[name], width = 24, height = 1, properties = { markdown = "## ${substr(name, 2, -1)}" } }],
    [for i, widget in local.shown[name] : {
      type   = "metric"
      x      = 6 * (i % 4)
      y      = local.tops[name] + 1 + 6 * floor(i / 4)
      width  = 6
      height = 6
      properties = {
        title   = widget.title
        region  = data.aws_region.this.name
        view    = "timeSeries"
        stat    = widget.stat
        period  = 60
        metrics = widget.lines
      }
    }],
  )])
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = "bus-simulator"
  dashboard_body = jsonencode({ widgets = local.widgets })
}
