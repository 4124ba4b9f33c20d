variable "vpc_id" {
  description = "The VPC."
  type        = string
}

variable "cidr" {
  description = "The VPC's IPv4 addresses, of which the database's subnets take the last sixteenths."
  type        = string
}

variable "zones" {
  description = "The availability zones, each with a private subnet."
  type        = list(string)

  validation {
    condition     = length(var.zones) >= 2 && length(var.zones) <= 8
    error_message = "zones must name 2 to 8 availability zones."
  }
}

variable "first_password" {
  description = "The password to put into the secret, once; Terraform never stores it."
  type        = string
  ephemeral   = true
  sensitive   = true
}

variable "password" {
  description = "The password in the secret password_secret_id, for the database when it is created; Terraform never stores it."
  type        = string
  ephemeral   = true
  sensitive   = true
}

variable "engine_version" {
  description = "The version of Aurora PostgreSQL when the cluster is created; aws rds describe-db-engine-versions lists a region's."
  type        = string
  default     = "16.8"

  validation {
    condition     = can(regex("^1[4-9]\\.[0-9]+$", var.engine_version))
    error_message = "engine_version must be 14 or later, like 16.8."
  }
}

variable "capacity" {
  description = "The least and greatest capacity of an instance in Aurora capacity units, about 2 GiB of memory each."
  type        = object({ min = number, max = number })
  default     = { min = 0.5, max = 8 }

  validation {
    condition     = var.capacity.min >= 0.5 && var.capacity.max >= 1 && var.capacity.max <= 256 && var.capacity.max >= var.capacity.min
    error_message = "capacity must be 0.5 to 256 units, with a max of at least 1 and not less than min."
  }
}

variable "instances" {
  description = "How many instances: one, or two or more for a failover within a minute."
  type        = number
  default     = 1

  validation {
    condition     = var.instances >= 1 && var.instances <= 16
    error_message = "instances must be 1 to 16."
  }
}

variable "clients" {
  description = "The security groups that may reach the database, by name."
  type        = map(string)
}

variable "execution_role" {
  description = "The role that starts tasks; it gets permission to read the password."
  type        = object({ name = string, arn = string })
}

variable "topic_arn" {
  description = "The topic that alarms publish to."
  type        = string
}

variable "thresholds" {
  description = "Thresholds of alarms: use of the greatest capacity in percent, connections, stored data in GB."
  type        = object({ capacity_percent = optional(number, 90), connections = optional(number, 200), stored_gb = optional(number, 100) })
  default     = {}

  validation {
    condition     = var.thresholds.capacity_percent > 0 && var.thresholds.connections > 0 && var.thresholds.stored_gb > 0
    error_message = "thresholds must be positive."
  }
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
