variable "load_balancer_arn" {
  description = "The load balancer to protect."
  type        = string
}

variable "requests_per_address_5min" {
  description = "How many requests one address may send in five minutes."
  type        = number

  validation {
    condition     = var.requests_per_address_5min >= 10 && var.requests_per_address_5min <= 2000000000
    error_message = "requests_per_address_5min must be 10 to 2,000,000,000, the limits of AWS WAF."
  }
}
