# Names under which clients find the deployment.

variable "domain" {
  description = "The name under which clients find it, like bus.example.org: everything with front = fargate, else REST; null keeps AWS's names."
  type        = string
  default     = null
}

variable "websocket_domain" {
  description = "With front = lambda: the WebSocket's own name, like live.example.org."
  type        = string
  default     = null

  validation {
    condition     = var.websocket_domain == null || var.front == "lambda"
    error_message = "websocket_domain needs front = \"lambda\": servers have one name for everything."
  }

  validation {
    condition     = var.websocket_domain == null || !contains(concat(var.domain[*], var.mcp_domain[*]), coalesce(var.websocket_domain, "none"))
    error_message = "websocket_domain must differ from domain and mcp_domain: API Gateway needs a name for each API."
  }
}

variable "mcp_domain" {
  description = "With front = lambda: the MCP server's own name, like mcp.example.org."
  type        = string
  default     = null

  validation {
    condition     = var.mcp_domain == null || var.front == "lambda"
    error_message = "mcp_domain needs front = \"lambda\": servers have one name for everything."
  }

  validation {
    condition     = var.mcp_domain == null || !contains(var.domain[*], coalesce(var.mcp_domain, "none"))
    error_message = "mcp_domain must differ from domain: API Gateway needs a name for each API."
  }
}

variable "certificate_arn" {
  description = "The certificate of all these names in ACM, in the same region; with front = fargate and none the load balancer speaks plain HTTP."
  type        = string
  default     = null

  validation {
    condition     = var.certificate_arn == null || length(concat(var.domain[*], var.websocket_domain[*], var.mcp_domain[*])) > 0
    error_message = "certificate_arn needs domain, websocket_domain or mcp_domain, the name that the certificate is for."
  }
}

variable "zone_id" {
  description = "The Route 53 zone in which to create the names' records; null if they are made elsewhere."
  type        = string
  default     = null

  validation {
    condition     = var.zone_id == null || length(concat(var.domain[*], var.websocket_domain[*], var.mcp_domain[*])) > 0
    error_message = "zone_id needs domain, websocket_domain or mcp_domain, the name of the record."
  }
}
