variable "lambda_folder" {
  description = "The folder with the functions' zips, which make package-all-lambdas writes."
  type        = string
}

variable "environment" {
  description = "The program's settings, by the names of its environment variables."
  type        = map(string)
}

variable "secret" {
  description = "The secret with the API keys."
  type        = object({ name = string, arn = string })
}

variable "network_arn" {
  description = "The compiled network's ARN."
  type        = string
}

variable "clock_parameter_arn" {
  description = "The parameter with the shared clock."
  type        = string
}

variable "vpc" {
  description = "The subnets and security groups of functions that use a hosted store; null keeps functions outside any VPC."
  type        = object({ subnet_ids = list(string), security_group_id = string })
  default     = null
}

variable "timestream_table_arns" {
  description = "The ARN of each Timestream table, by its name; empty with a hosted endpoint."
  type        = map(string)
  default     = {}
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

variable "request_limits" {
  description = "Where functions count requests: the table's ARN, and the settings of module request-limits."
  type        = object({ table_arn = string, environment = map(string) })
}

variable "limits" {
  description = "How many requests per second the stage takes from all clients together, and how many at once."
  type        = object({ rate = number, burst = number })
  default     = { rate = 50, burst = 100 }
}

variable "latest_object_arns" {
  description = "The ARN of each stream's object with the newest records, by the stream's name."
  type        = map(string)
}

variable "feed_arn" {
  description = "The ARN of the network as a GTFS feed in S3."
  type        = string
}

variable "realtime_arn" {
  description = "The ARN of the GTFS-Realtime feeds in S3; null if no feeder writes them."
  type        = string
  default     = null
}

variable "journal_arn" {
  description = "The ARN of the journal of interventions."
  type        = string
}

variable "metrics_namespace" {
  description = "The CloudWatch namespace of refused requests."
  type        = string
  default     = "BusSimulator"
}

variable "store_token" {
  description = "The secret with the token that a hosted store asks for; null if it asks for none."
  type        = object({ name = string, arn = string })
  default     = null
}
