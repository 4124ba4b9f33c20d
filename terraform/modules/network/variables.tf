variable "cidr" {
  description = "The VPC's IPv4 addresses."
  type        = string
  default     = "10.42.0.0/16"

  validation {
    condition     = can(cidrsubnet(var.cidr, 4, 1)) && tonumber(split("/", var.cidr)[1]) <= 24
    error_message = "cidr must be an IPv4 block of /24 or larger, like 10.42.0.0/16."
  }
}

variable "zones" {
  description = "The availability zones, each with a subnet."
  type        = list(string)

  validation {
    condition     = length(var.zones) >= 2 && length(var.zones) <= 16 && length(distinct(var.zones)) == length(var.zones)
    error_message = "zones must name 2 to 16 different availability zones."
  }
}

variable "interface_endpoints" {
  description = "Services (like ssm) that get a paid interface endpoint, for functions inside the VPC."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for name in var.interface_endpoints : can(regex("^[a-z0-9.-]+$", name))])
    error_message = "interface_endpoints takes names of services, like ssm."
  }
}
