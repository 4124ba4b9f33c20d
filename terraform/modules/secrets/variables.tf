variable "first_key" {
  description = "The first key in the secret; Terraform never stores it."
  type        = string
  ephemeral   = true
  sensitive   = true

  validation {
    condition     = length(var.first_key) >= 20
    error_message = "first_key must have at least 20 characters."
  }
}

variable "recovery_window_in_days" {
  description = "How many days a deleted secret can be restored; 0 frees the name at once."
  type        = number
  default     = 0

  validation {
    condition     = var.recovery_window_in_days == 0 || (var.recovery_window_in_days >= 7 && var.recovery_window_in_days <= 30)
    error_message = "recovery_window_in_days must be 0, or 7 to 30."
  }
}
