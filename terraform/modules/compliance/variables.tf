variable "parts" {
  description = "The parts to enable: cloudtrail, config, guardduty, flow-logs. An account can have one Config recorder and one GuardDuty detector per region: leave out those that exist."
  type        = set(string)

  validation {
    condition     = length(setsubtract(var.parts, ["cloudtrail", "config", "guardduty", "flow-logs"])) == 0
    error_message = "parts knows cloudtrail, config, guardduty and flow-logs."
  }
}

variable "emails" {
  description = "Mail addresses for GuardDuty findings; each has to confirm once."
  type        = set(string)
  default     = []
}

variable "account_id" {
  description = "The AWS account, which makes the bucket's name unique."
  type        = string
}

variable "vpc_id" {
  description = "The VPC whose traffic flow-logs records."
  type        = string
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
