variable "account_id" {
  description = "The AWS account, which makes the bucket's name unique."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id must be 12 digits."
  }
}
