variable "vpc_id" {
  description = "The VPC."
  type        = string
}

variable "subnet_ids" {
  description = "The public subnets of the load balancer and the tasks, in two zones or more."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) >= 2
    error_message = "subnet_ids must name two subnets: a load balancer needs two zones."
  }
}

variable "cluster" {
  description = "The ECS cluster: its ARN and name."
  type        = object({ id = string, name = string })
}

variable "execution_role" {
  description = "The role that starts tasks; it gets permission to write this module's logs."
  type        = object({ name = string, arn = string })
}

variable "image" {
  description = "The image, with its tag."
  type        = string
}

variable "image_digest" {
  description = "The digest of the image behind its tag; another one starts new tasks."
  type        = string
  default     = "none"
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

variable "size" {
  description = "The size of a task: CPU units (1024 per vCPU) and MiB, as Fargate offers them."
  type        = object({ cpu = number, memory = number })
  default     = { cpu = 1024, memory = 2048 }
}

variable "tasks" {
  description = "The least and the greatest number of tasks."
  type        = object({ min = number, max = number })
  default     = { min = 2, max = 8 }

  validation {
    condition     = var.tasks.min >= 1 && var.tasks.max >= var.tasks.min
    error_message = "tasks must have a min of at least 1, and a max that is not less."
  }
}

variable "cpu_target" {
  description = "The mean processor use, in percent, that autoscaling keeps."
  type        = number
  default     = 50

  validation {
    condition     = var.cpu_target >= 10 && var.cpu_target <= 90
    error_message = "cpu_target must be 10 to 90."
  }
}

variable "limits" {
  description = "What one client may ask: requests per second, with bursts of twice as many, and per UTC day; 0 is no limit."
  type        = object({ rate_per_s = number, per_day = number })
  default     = { rate_per_s = 50, per_day = 10000 }
}

variable "certificate_arn" {
  description = "The ACM certificate of the domain, in the deployment's region; without one the load balancer speaks plain HTTP."
  type        = string
  default     = null

  validation {
    condition     = var.certificate_arn == null || can(regex("^arn:[a-z-]+:(acm|iam):", var.certificate_arn))
    error_message = "certificate_arn must be the ARN of a certificate, like arn:aws:acm:eu-west-1:123456789012:certificate/…."
  }

  validation {
    condition     = var.certificate_arn == null || var.domain != null
    error_message = "certificate_arn needs domain, the name that the certificate is for."
  }
}

variable "domain" {
  description = "The name under which clients find the front, like bus.example.org; null takes the load balancer's own name."
  type        = string
  default     = null

  validation {
    condition     = var.domain == null || can(regex("^[a-z0-9-]+(\\.[a-z0-9-]+)+$", var.domain))
    error_message = "domain must be a name in lower case, like bus.example.org."
  }
}

variable "zone_id" {
  description = "The Route 53 zone in which to create the domain's record; null if it is made elsewhere."
  type        = string
  default     = null

  validation {
    condition     = var.zone_id == null || var.domain != null
    error_message = "zone_id needs domain, the name of the record."
  }
}

variable "client_cidrs" {
  description = "The IPv4 blocks that clients may come from."
  type        = set(string)
  default     = ["0.0.0.0/0"]

  validation {
    condition     = length(var.client_cidrs) > 0 && alltrue([for cidr in var.client_cidrs : can(cidrhost(cidr, 0))])
    error_message = "client_cidrs takes IPv4 blocks, like 192.0.2.0/24."
  }
}

variable "timestream_table_arns" {
  description = "The ARN of each Timestream table, by its name; empty with another store."
  type        = map(string)
  default     = {}
}

variable "network_arn" {
  description = "The network file's ARN."
  type        = string
}

variable "journal_arn" {
  description = "The ARN of the journal of interventions."
  type        = string
}

variable "secret_arn" {
  description = "The secret with the API keys."
  type        = string
}

variable "clock_parameter_arn" {
  description = "The parameter with the shared clock."
  type        = string
}

variable "topic_arn" {
  description = "The topic that alarms publish to."
  type        = string
}

variable "thresholds" {
  description = "Thresholds of alarms: errors per minute for three minutes, 99th percentile latency in milliseconds, requests refused with 401 in five minutes."
  type        = object({ errors_a_minute = optional(number, 2), latency_ms = optional(number, 3000), unauthorized = optional(number, 300) })
  default     = {}

  validation {
    condition     = var.thresholds.errors_a_minute >= 0 && var.thresholds.latency_ms > 0 && var.thresholds.unauthorized > 0
    error_message = "thresholds must be positive; errors_a_minute may be 0."
  }
}

variable "metrics_namespace" {
  description = "The CloudWatch namespace of refused requests."
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
