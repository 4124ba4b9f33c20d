# What only front = "fargate" has.

variable "server_tasks" {
  description = "With front = fargate: the least and the greatest number of servers, between which their processor use decides."
  type        = object({ min = number, max = number })
  default     = { min = 2, max = 8 }
}

variable "server_size" {
  description = "With front = fargate: the size of a server, in CPU units (1024 per vCPU) and MiB, as Fargate offers them."
  type        = object({ cpu = number, memory = number })
  default     = { cpu = 1024, memory = 2048 }
}

variable "client_cidrs" {
  description = "With front = fargate: the IPv4 blocks that clients may come from."
  type        = set(string)
  default     = ["0.0.0.0/0"]
}

variable "requests_per_address_5min" {
  description = "With front = fargate: how many requests one address may send in five minutes, by a web ACL of AWS WAF; null creates none."
  type        = number
  default     = null

  validation {
    condition     = var.requests_per_address_5min == null || var.front == "fargate"
    error_message = "requests_per_address_5min needs front = \"fargate\": HTTP APIs can't have a web ACL."
  }
}
