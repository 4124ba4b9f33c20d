variable "domain" {
  description = "The name under which clients find the API, like bus.example.org."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9-]+(\\.[a-z0-9-]+)+$", var.domain))
    error_message = "domain must be a name in lower case, like bus.example.org."
  }
}

variable "certificate_arn" {
  description = "The ACM certificate of the domain, in the deployment's region."
  type        = string

  validation {
    condition     = var.certificate_arn != null && can(regex("^arn:[a-z-]+:acm:", var.certificate_arn))
    error_message = "certificate_arn must be the ARN of a certificate in ACM, like arn:aws:acm:eu-west-1:123456789012:certificate/…: API Gateway speaks HTTPS only."
  }
}

variable "zone_id" {
  description = "The Route 53 zone in which to create the domain's record; null if it is made elsewhere."
  type        = string
  default     = null
}

variable "api" {
  description = "The API's id, and the stage that the domain leads to."
  type        = object({ id = string, stage = string })
}
