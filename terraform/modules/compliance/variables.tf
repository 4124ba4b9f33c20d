variable "parts" {
  description = "What to turn on: cloudtrail, config, guardduty, flow-logs. An account can have one Config recorder and one GuardDuty detector a region: leave out what yours has."
  type        = set(string)

  validation {
    condition     = length(setsubtract(var.parts, ["cloudtrail", "config", "guardduty", "flow-logs"])) == 0
    error_message = "parts knows cloudtrail, config, guardduty and flow-logs."
  }
}

variable "emails" {
  description = "Addresses that GuardDuty's findings are sent to; each is asked to confirm."
  type        = set(string)
  default     = []
}

variable "account_id" {
  description = "The AWS account, which makes the bucket's name unique."
  type        = string
}

variable "vpc_id" {
  description = "The VPC whose traffic flow-logs writes down."
  type        = string
}

variable "log_retention_in_days" {
  description = "For how long logs are kept, in days."
  type        = number
  default     = 30

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731], var.log_retention_in_days)
    error_message = "log_retention_in_days must be one of CloudWatch's: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545 or 731."
  }
}
