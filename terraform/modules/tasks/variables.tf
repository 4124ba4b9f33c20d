variable "vpc_id" {
  description = "The VPC."
  type        = string
}

variable "tasks" {
  description = "The task definitions by family: size in CPU units and MiB, the container's command, and what else it needs; health_check is as ECS has it. The container is called like the family unless container says otherwise."
  type = map(object({
    size           = object({ cpu = number, memory = number })
    command        = list(string)
    log_prefix     = string
    container      = optional(string)
    entry_point    = optional(list(string))
    port           = optional(number)
    stop_timeout_s = optional(number, 30)
    health_check   = optional(object({ command = list(string), interval = number, timeout = number, retries = number, startPeriod = number }))
  }))

  validation {
    condition     = length(var.tasks) > 0
    error_message = "tasks must have a task definition."
  }

  validation {
    condition     = alltrue([for task in values(var.tasks) : contains([256, 512, 1024, 2048, 4096], task.size.cpu)])
    error_message = "cpu must be 256, 512, 1024, 2048 or 4096."
  }

  validation {
    condition     = alltrue([for task in values(var.tasks) : task.size.memory >= 2 * task.size.cpu && task.size.memory <= min(8 * task.size.cpu, 30720) && (task.size.memory % 1024 == 0 || task.size.memory == 512)])
    error_message = "memory must be 2 to 8 times cpu, in whole GiB (512 with a cpu of 256, and 30720 at most)."
  }
}

variable "image" {
  description = "The image, with its tag."
  type        = string

  validation {
    condition     = can(regex(":[A-Za-z0-9_.-]+$|@sha256:[0-9a-f]{64}$", var.image))
    error_message = "image must end in a tag or digest."
  }
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

variable "execution_role" {
  description = "The role that starts tasks; it gets permission to write the tasks' logs."
  type        = object({ name = string, arn = string })
}

variable "log_policy" {
  description = "What that permission is called in the role."
  type        = string
}

variable "role" {
  description = "The tasks' own role."
  type        = object({ name = string, description = string })
}

variable "security_group" {
  description = "The tasks' security group, which lets them reach AWS."
  type        = object({ name = string, description = string })
}

variable "timestream" {
  description = "The ARN of each Timestream table by its name, what tasks may do with them, and what they may do that names no table; without tables nothing."
  type        = object({ table_arns = map(string), actions = list(string), unscoped_actions = list(string) })
  default     = { table_arns = {}, actions = [], unscoped_actions = [] }
}

variable "config" {
  description = "The network, the journal of interventions with what tasks may do with it, and the clock; null if tasks read none of them."
  type        = object({ network_arn = string, journal_arn = string, journal_actions = list(string), clock_parameter_arn = string })
  default     = null
}

variable "api_keys" {
  description = "The secret with the API keys; null if tasks check no keys."
  type        = object({ secret_arn = string })
  default     = null
}

variable "policies" {
  description = "Further policies of the tasks' role: JSON by name."
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
