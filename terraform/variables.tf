variable "region" {
  description = "The AWS region of all resources."
  type        = string
  default     = "eu-west-1"

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must be an AWS region, like eu-west-1."
  }
}

variable "zones" {
  description = "The letters of the availability zones to use; null takes the first two that the account has."
  type        = list(string)
  default     = null

  validation {
    condition     = var.zones == null || try(length(var.zones) >= 2 && alltrue([for letter in var.zones : can(regex("^[a-z]$", letter))]), false)
    error_message = "zones takes two letters or more, like [\"a\", \"c\"]."
  }
}

variable "timestream" {
  description = "The older name of store, which counts if store is null: aws is timestream, hosted is hosted."
  type        = string
  default     = "aws"

  validation {
    condition     = contains(["aws", "hosted"], var.timestream)
    error_message = "timestream must be aws or hosted."
  }
}

variable "store" {
  description = "Where the data are: in Amazon Timestream (timestream), which is closed to new customers, in the simulator's own endpoint on Fargate (hosted), or in Aurora PostgreSQL (aurora), with front = fargate; null is what timestream says."
  type        = string
  default     = null

  validation {
    condition     = var.store == null || contains(["timestream", "hosted", "aurora"], coalesce(var.store, "aurora"))
    error_message = "store must be timestream, hosted or aurora, or null."
  }
}

variable "front" {
  description = "What answers clients: functions behind API Gateway, which cost by use (lambda), or servers behind a load balancer, which have all routes and many WebSockets (fargate)."
  type        = string
  default     = "lambda"

  validation {
    condition     = contains(["lambda", "fargate"], var.front)
    error_message = "front must be lambda or fargate."
  }

  validation {
    condition     = var.front == "fargate" || var.store != "aurora"
    error_message = "store = \"aurora\" needs front = \"fargate\": the functions have no PostgreSQL driver, and many of them would exhaust its connections."
  }
}

variable "aurora_capacity" {
  description = "With store = aurora: the least and greatest capacity of an instance, in Aurora capacity units."
  type        = object({ min = number, max = number })
  default     = { min = 0.5, max = 8 }
}

variable "aurora_instances" {
  description = "With store = aurora: how many instances; two or more fail over within a minute."
  type        = number
  default     = 1
}

variable "keep_days" {
  description = "With store = aurora: how many days before today the feeders keep; older days are removed."
  type        = number
  default     = 30

  validation {
    condition     = var.keep_days >= 1 && var.keep_days <= 36500 && floor(var.keep_days) == var.keep_days
    error_message = "keep_days must be a whole number from 1 to 36500."
  }
}

variable "teams" {
  description = "How many teams use the deployment at the same time. REST takes 1,000 requests a second and 10 more for each team, MCP 2 for each team and at least 50: all clients together."
  type        = number
  default     = 25

  validation {
    condition     = var.teams >= 1 && var.teams <= 2500 && floor(var.teams) == var.teams
    error_message = "teams must be a whole number from 1 to 2500; an account's APIs take 10,000 requests a second, unless AWS has raised that."
  }
}

variable "client_limits" {
  description = "What one client (a key and a group) may ask of REST: requests per second, with bursts of twice as many, and requests per UTC day; 0 is no limit."
  type        = object({ rate_per_s = optional(number, 50), per_day = optional(number, 10000) })
  default     = {}
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

  validation {
    condition     = var.front != "lambda" || alltrue([for name in ["bus_position_api", "network_api", "people_count_api", "rest_authorizer", "sensors_api", "websocket_authorizer", "websocket_handler"] : fileexists("${var.lambda_folder}/${name}.zip")])
    error_message = "The functions' packages are missing: run make package-all-lambdas compile-network in the project's folder first. make plan, make deploy and make destroy do it by themselves."
  }
}

variable "lines_yaml" {
  description = "The network file that is served; relative to terraform/."
  type        = string
  default     = "../data/lines.yaml"

  validation {
    condition     = fileexists(var.lines_yaml)
    error_message = "lines_yaml names no file; a relative path counts from terraform/."
  }
}

variable "scenario" {
  description = "The included scenario that the whole deployment simulates, such as match-day; empty for ordinary days."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^[a-z0-9-]{0,64}$", var.scenario))
    error_message = "scenario must be the name of an included scenario (docs/scenarios.md), or empty."
  }
}

variable "realtime_feeds" {
  description = "Whether the bus-position feeder writes the GTFS-Realtime feeds to S3 at every tick, for /gtfs-rt."
  type        = bool
  default     = false
}

variable "network_json" {
  description = "The same network compiled for the functions, which make plan and make deploy write; relative to terraform/."
  type        = string
  default     = "../build/network.json"

  validation {
    condition     = fileexists(var.network_json)
    error_message = "The compiled network is missing: run make compile-network in the project's folder first. make plan, make deploy and make destroy do it by themselves."
  }
}

variable "alarm_emails" {
  description = "Mail addresses for alarms, budget warnings and GuardDuty findings; each has to confirm once."
  type        = set(string)
  default     = []
}

variable "monthly_budget_usd" {
  description = "The account's monthly budget in US dollars; null creates no budget."
  type        = number
  default     = 200

  validation {
    condition     = var.monthly_budget_usd == null || try(var.monthly_budget_usd > 0, false)
    error_message = "monthly_budget_usd must be more than 0, or null."
  }
}

variable "compliance" {
  description = "The parts of the compliance module to enable: cloudtrail, config, guardduty, flow-logs."
  type        = set(string)
  default     = []
}

variable "log_retention_in_days" {
  description = "How many days logs are kept."
  type        = number
  default     = 30
}

variable "log_level" {
  description = "The lowest level that services log."
  type        = string
  default     = "INFO"

  validation {
    condition     = contains(["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], var.log_level)
    error_message = "log_level must be DEBUG, INFO, WARNING, ERROR or CRITICAL."
  }
}

variable "feeder_sizes" {
  description = "Other sizes of feeders by service name: CPU units (1024 per vCPU) and MiB, as Fargate offers them."
  type        = map(object({ cpu = number, memory = number }))
  default     = {}
}
