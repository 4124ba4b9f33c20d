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

variable "namespace" {
  description = "The private DNS namespace of the endpoint."
  type        = object({ id = string, name = string })
}

variable "size" {
  description = "The task's size: CPU units (1024 per vCPU) and MiB, as Fargate offers them."
  type        = object({ cpu = number, memory = number })
  default     = { cpu = 2048, memory = 4096 }
}

variable "history_in_days" {
  description = "How many days a new task backfills."
  type        = number
  default     = 5

  validation {
    condition     = var.history_in_days >= 1 && var.history_in_days <= 30
    error_message = "history_in_days must be 1 to 30."
  }
}

variable "clients" {
  description = "The security groups that may reach the endpoint, in addition to the functions', by name."
  type        = map(string)
}

variable "network_arn" {
  description = "The network file's ARN."
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

variable "image_digest" {
  description = "The digest of the image behind its tag; another one starts new tasks."
  type        = string
  default     = "none"
}

variable "journal_arn" {
  description = "The ARN of the journal of interventions."
  type        = string
}

variable "clock_parameter_arn" {
  description = "The parameter with the shared clock."
  type        = string
}

variable "first_tokens" {
  description = "The first tokens of the endpoint's readers and writers; Terraform never stores them."
  type        = object({ reader = string, writer = string })
  ephemeral   = true
  sensitive   = true

  validation {
    condition     = length(var.first_tokens.reader) >= 20 && length(var.first_tokens.writer) >= 20 && var.first_tokens.reader != var.first_tokens.writer
    error_message = "first_tokens must differ, and have at least 20 characters."
  }
}

variable "metrics_namespace" {
  description = "The CloudWatch namespace of failures."
  type        = string
  default     = "BusSimulator"
}
