variable "kept_images" {
  description = "How many images without a tag are kept."
  type        = number
  default     = 5

  validation {
    condition     = var.kept_images >= 1 && floor(var.kept_images) == var.kept_images
    error_message = "kept_images must be a whole number, 1 or more."
  }
}
