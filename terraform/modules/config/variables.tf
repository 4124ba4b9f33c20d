variable "account_id" {
  description = "The AWS account, which makes the bucket's name unique."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id must be 12 digits."
  }
}

variable "lines_yaml" {
  description = "The network file that feeders read, as a path."
  type        = string

  validation {
    condition     = fileexists(var.lines_yaml)
    error_message = "There is no file at lines_yaml."
  }
}

variable "network_json" {
  description = "The same network compiled for the functions, as a path; make plan and make deploy write it."
  type        = string

  validation {
    condition     = fileexists(var.network_json)
    error_message = "There is no file at network_json: make plan and make deploy write it before they call Terraform."
  }
}
