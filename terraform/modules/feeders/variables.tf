variable "vpc_id" {
  description = "The VPC."
  type        = string
}

variable "subnet_ids" {
  description = "The subnets that tasks run in."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) > 0
    error_message = "subnet_ids must name a subnet."
  }
}

variable "cluster_id" {
  description = "The ECS cluster's ARN."
  type        = string
}

variable "execution_role" {
  description = "The role that starts tasks; it gets permission to write this module's logs."
  type        = object({ name = string, arn = string })
}

variable "image" {
  description = "The image, with its tag."
  type        = string
}

variable "environment" {
  description = "The program's settings, by the names of its environment variables."
  type        = map(string)
}

variable "secrets" {
  description = "Secrets that the program gets as environment variables: the ARN of each, by the variable's name."
  type        = map(string)
  default     = {}
}

variable "sizes" {
  description = "Other sizes of feeders by service name: CPU units (1024 per vCPU) and MiB, as Fargate offers them."
  type        = map(object({ cpu = number, memory = number }))
  default     = {}

  validation {
    condition     = length(setsubtract(keys(var.sizes), ["people-count-feeder", "sensors-feeder", "bus-position-feeder"])) == 0
    error_message = "sizes knows people-count-feeder, sensors-feeder and bus-position-feeder."
  }
}

variable "timestream_table_arns" {
  description = "The ARN of each Timestream table, by its name; empty with a hosted endpoint."
  type        = map(string)
  default     = {}
}

variable "network_arn" {
  description = "The network file's ARN."
  type        = string
}

variable "event_bus" {
  description = "The bus that positions and arrivals are published on; null if no feeder publishes them."
  type        = object({ arn = string })
  default     = null
}

variable "clock_parameter_arn" {
  description = "The parameter with the shared clock."
  type        = string
}

variable "metrics_namespace" {
  description = "The CloudWatch namespace of the feeders' lag."
  type        = string
  default     = "BusSimulator"
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

variable "latest_object_arns" {
  description = "The ARNs of what feeders write to S3 for functions: the newest records and feeds; empty if nothing."
  type        = list(string)
  default     = []
}

variable "image_digest" {
  description = "The digest of the image behind its tag; another one starts new tasks."
  type        = string
  default     = "none"
}

variable "journal_arn" {
  description = "The ARN of the journal of interventions."
  type        = string
}
