variable "limit_usd" {
  description = "The monthly budget in US dollars."
  type        = number

  validation {
    condition     = var.limit_usd > 0
    error_message = "limit_usd must be more than 0."
  }
}

variable "topic_arn" {
  description = "The topic for warnings at 50, 80 and 100 % spent, and at 110 % forecast."
  type        = string
}
