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

variable "domain" {
  description = "With front = fargate: the name under which clients find it, like bus.example.org."
  type        = string
  default     = null

  validation {
    condition     = var.domain == null || var.front == "fargate"
    error_message = "domain needs front = \"fargate\": the three APIs of API Gateway keep their own names."
  }
}

variable "certificate_arn" {
  description = "With front = fargate: the domain's certificate in ACM, in the same region; without one the load balancer speaks plain HTTP."
  type        = string
  default     = null

  validation {
    condition     = var.certificate_arn == null || var.domain != null
    error_message = "certificate_arn needs domain, the name that the certificate is for."
  }
}

variable "zone_id" {
  description = "With front = fargate: the Route 53 zone in which to create the domain's record; null if it is made elsewhere."
  type        = string
  default     = null

  validation {
    condition     = var.zone_id == null || var.domain != null
    error_message = "zone_id needs domain, the name of the record."
  }
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
