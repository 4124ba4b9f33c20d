mock_provider "aws" {
  source = "../../mocks"
}

variables {
  vpc_id         = "vpc-0123456789abcdef0"
  repository_arn = "arn:aws:ecr:eu-west-1:123456789012:repository/bus-simulator-feeders"
}

run "the_cluster_of_the_manual" {
  assert {
    condition     = aws_ecs_cluster.this.name == "bus-simulator-cluster" && one(aws_ecs_cluster.this.setting).value == "enhanced"
    error_message = "The cluster must have enhanced Container Insights."
  }
}
