variable "region" {
  description = "The AWS region that everything is in."
  type        = string
  default     = "eu-west-1"

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must be an AWS region, like eu-west-1."
  }
}

variable "zones" {
  description = "The letters of the availability zones to use; not every region has a and b."
  type        = list(string)
  default     = ["a", "b"]

  validation {
    condition     = length(var.zones) >= 2 && alltrue([for letter in var.zones : can(regex("^[a-z]$", letter))])
    error_message = "zones takes two letters or more, like [\"a\", \"c\"]."
  }
}

variable "timestream" {
  description = "Where the data are: in Amazon Timestream (aws), which is closed to new customers, or in an endpoint of our own on Fargate (hosted)."
  type        = string
  default     = "aws"

  validation {
    condition     = contains(["aws", "hosted"], var.timestream)
    error_message = "timestream must be aws or hosted."
  }
}

variable "image_tag" {
  description = "The tag of the image that services run; make push-images moves it."
  type        = string
  default     = "latest"

  validation {
    condition     = can(regex("^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$", var.image_tag))
    error_message = "image_tag must be a tag of an image, like latest."
  }
}

variable "lambda_folder" {
  description = "The folder with the functions' zips, which make package-all-lambdas writes; relative to terraform/."
  type        = string
  default     = "../build/lambda"
}

variable "lines_yaml" {
  description = "The network file that is served; relative to terraform/."
  type        = string
  default     = "../data/lines.yaml"
}

variable "network_json" {
  description = "The same network compiled for the functions, which make plan and make deploy write; relative to terraform/."
  type        = string
  default     = "../build/network.json"
}

variable "alarm_emails" {
  description = "Addresses that alarms, the budget's warnings and GuardDuty's findings are sent to; each is asked to confirm."
  type        = set(string)
  default     = []
}

variable "monthly_budget_usd" {
  description = "What the account may cost a month, in US dollars, before somebody is told; null: no budget."
  type        = number
  default     = 200

  validation {
    condition     = var.monthly_budget_usd == null || try(var.monthly_budget_usd > 0, false)
    error_message = "monthly_budget_usd must be more than 0, or null."
  }
}

variable "compliance" {
  description = "What the compliance module turns on: cloudtrail, config, guardduty, flow-logs."
  type        = set(string)
  default     = []
}

variable "log_retention_in_days" {
  description = "For how long logs are kept, in days."
  type        = number
  default     = 30
}

variable "log_level" {
  description = "From which level on services log."
  type        = string
  default     = "INFO"

  validation {
    condition     = contains(["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], var.log_level)
    error_message = "log_level must be DEBUG, INFO, WARNING, ERROR or CRITICAL."
  }
}

variable "feeder_sizes" {
  description = "Another size for a feeder, by its service's name: CPU units (1024 are one) and MiB, as Fargate has them."
  type        = map(object({ cpu = number, memory = number }))
  default     = {}
}
