variable "cluster_name" {
  description = "The ECS cluster's name."
  type        = string
}

variable "feeders" {
  description = "The name of each feeder's service in metrics."
  type        = map(string)
}

variable "mcp_service" {
  description = "The ECS service that answers MCP clients."
  type        = string
}

variable "stopped_rules" {
  description = "The rule that counts each service's stopped tasks."
  type        = map(string)
}

variable "http_api_id" {
  description = "The REST API's id, null without one."
  type        = string
  default     = null
}

variable "mcp_api_id" {
  description = "The MCP API's id, null without one."
  type        = string
  default     = null
}

variable "websocket" {
  description = "The WebSocket API, null without one."
  type        = object({ api_id = string, stage = string })
  default     = null
}

variable "load_balancer" {
  description = "How metrics call the load balancer that takes the place of all APIs, null without one."
  type        = string
  default     = null
}

variable "database" {
  description = "The Aurora cluster that takes the place of Timestream, null without one."
  type        = string
  default     = null
}

variable "event_bus_name" {
  description = "The bus that positions are published on."
  type        = string
}

variable "functions" {
  description = "The names of the functions."
  type        = set(string)
}

variable "metrics_namespace" {
  description = "The CloudWatch namespace of the feeders' lag."
  type        = string
  default     = "BusSimulator"
}
