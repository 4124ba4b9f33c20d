resource "aws_ecr_repository" "feeders" {
  #checkov:skip=CKV_AWS_51:operators may update by push and restart, so the tag in the task definitions moves
  name                 = "bus-simulator-feeders"
  image_tag_mutability = "MUTABLE"
  force_delete         = true

  image_scanning_configuration {
    scan_on_push = true
  }
}

resource "aws_ecr_lifecycle_policy" "feeders" {
  repository = aws_ecr_repository.feeders.name

  policy = jsonencode({
    rules = [{
      rulePriority = 1
      description  = "Keep a few old images for rollbacks"
      selection = {
        tagStatus   = "untagged"
        countType   = "imageCountMoreThan"
        countNumber = var.kept_images
      }
      action = { type = "expire" }
    }]
  })
}

# The digest of the image that make push-images has pushed last. Task definitions have it as a label, so that another
# image is another revision, which services start by themselves. Terraform reads it and never changes it.
resource "aws_ssm_parameter" "digest" {
  #checkov:skip=CKV2_AWS_34:an image's digest is not a secret
  name           = "/bus-simulator/image-digest"
  description    = "The digest of the services' image; make push-images writes it"
  type           = "String"
  insecure_value = "none"

  lifecycle {
    ignore_changes = [insecure_value]
  }
}
