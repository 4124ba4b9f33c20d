variable "cluster_name" {
  description = "The ECS cluster's name."
  type        = string
}

variable "feeders" {
  description = "The name of each feeder's service in metrics."
  type        = map(string)
}

variable "mcp_service" {
  description = "The MCP server's ECS service."
  type        = string
}

variable "stopped_rules" {
  description = "The rule that counts each service's stopped tasks."
  type        = map(string)
}

variable "http_api_id" {
  description = "The REST API's id."
  type        = string
}

variable "mcp_api_id" {
  description = "The MCP API's id."
  type        = string
}

variable "websocket" {
  description = "The WebSocket API."
  type        = object({ api_id = string, stage = string })
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
