variable "limits" {
  description = "What one client may ask: requests per second, with bursts of twice as many, and requests per UTC day; 0 is no limit."
  type        = object({ rate_per_s = optional(number, 50), per_day = optional(number, 10000) })
  default     = {}

  validation {
    condition     = var.limits.rate_per_s >= 0 && var.limits.per_day >= 0 && floor(var.limits.per_day) == var.limits.per_day
    error_message = "limits must be 0 or more; per_day is a whole number."
  }
}
