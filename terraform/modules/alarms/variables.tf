variable "account_id" {
  description = "The AWS account, whose alarms and budgets alone may publish."
  type        = string
}

variable "emails" {
  description = "Mail addresses for alarms; each has to confirm once."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for email in var.emails : can(regex("^[^@ ]+@[^@ ]+[.][^@ ]+$", email))])
    error_message = "emails takes addresses, like me@example.org."
  }
}

variable "cluster_name" {
  description = "The ECS cluster's name."
  type        = string
}

variable "feeders" {
  description = "The name of each feeder's service in metrics."
  type        = map(string)
}

variable "answering_services" {
  description = "Services that need a healthy task at all times, each with the rule that counts its stopped tasks."
  type        = map(string)
}

variable "http_apis" {
  description = "The id of each HTTP API, by its name in alarms."
  type        = map(string)
}

variable "websocket" {
  description = "The WebSocket API, null without one."
  type        = object({ api_id = string, stage = string })
  default     = null
}

variable "functions" {
  description = "The names of the functions."
  type        = set(string)
}

variable "dead_letter_queues" {
  description = "The names of queues in which a message is a failure."
  type        = set(string)
  default     = []
}

variable "services_with_data" {
  description = "Services that keep data on their tasks' own disk."
  type        = set(string)
  default     = []
}

variable "failure_metrics" {
  description = "Metrics of which each count is a failure, by its name in alarms."
  type        = map(object({ namespace = string, name = string }))
  default     = {}
}

variable "metrics_namespace" {
  description = "The CloudWatch namespace of the feeders' lag and of refused requests."
  type        = string
  default     = "BusSimulator"
}

variable "thresholds" {
  description = "Thresholds: a feeder's lag in seconds, errors per minute for three minutes, 99th percentile latency in milliseconds, requests refused with 401 in five minutes, a disk's use in GB and a processor's in percent."
  type = object({
    lag_s           = optional(number, 120)
    errors_a_minute = optional(number, 2)
    latency_ms      = optional(number, 3000)
    unauthorized    = optional(number, 300)
    disk_gb         = optional(number, 16)
    cpu_percent     = optional(number, 90)
  })
  default = {}

  validation {
    condition     = var.thresholds.lag_s > 0 && var.thresholds.errors_a_minute >= 0 && var.thresholds.latency_ms > 0
    error_message = "thresholds must be positive; errors_a_minute may be 0."
  }
}
