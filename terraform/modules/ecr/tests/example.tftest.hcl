mock_provider "aws" {
  source = "../../mocks"
}

variables {
  kept_images = 5
}

run "the_repository_of_the_manual" {
  assert {
    condition     = aws_ecr_repository.feeders.name == "bus-simulator-feeders" && one(aws_ecr_repository.feeders.image_scanning_configuration).scan_on_push
    error_message = "Images must be scanned on push."
  }
}

run "keeping_no_images_is_refused" {
  command = plan

  variables {
    kept_images = 0
  }

  expect_failures = [var.kept_images]
}
