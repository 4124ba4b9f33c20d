variable "websocket_handler" {
  description = "The function that sends positions to WebSocket clients; its role gets permission to write undelivered events to the queue. Null if servers read the store instead."
  type        = object({ name = string, arn = string, role = string })
  default     = null
}

variable "cluster_id" {
  description = "The ECS cluster's ARN."
  type        = string
}

variable "services" {
  description = "The ECS services whose stopped tasks are counted."
  type        = set(string)
}

variable "log_retention_in_days" {
  description = "How many days logs are kept."
  type        = number
  default     = 30

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731], var.log_retention_in_days)
    error_message = "log_retention_in_days must be one of CloudWatch's: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545 or 731."
  }
}
