resource "aws_ecr_repository" "feeders" {
  #checkov:skip=CKV_AWS_51:operators update by push and restart, so the tag in the task definitions moves
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
