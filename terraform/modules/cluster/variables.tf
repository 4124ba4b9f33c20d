variable "vpc_id" {
  description = "The VPC in which services find one another."
  type        = string
}

variable "repository_arn" {
  description = "The ECR repository that tasks pull from."
  type        = string
}
