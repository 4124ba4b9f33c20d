variable "vpc_id" {
  description = "The VPC of the services' DNS namespace."
  type        = string
}

variable "repository_arn" {
  description = "The ECR repository that tasks pull from."
  type        = string
}
