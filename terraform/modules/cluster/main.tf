resource "aws_ecs_cluster" "this" {
  name = "bus-simulator-cluster"

  # Enhanced Container Insights has task counts, network and container health, which plain ECS metrics lack.
  setting {
    name  = "containerInsights"
    value = "enhanced"
  }
}

resource "aws_service_discovery_private_dns_namespace" "this" {
  name        = "bus-simulator.internal"
  description = "DNS names of the MCP server and of a hosted Timestream endpoint"
  vpc         = var.vpc_id
}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "execution" {
  name               = "bus-simulator-task-execution-role"
  description        = "Pulls the image and creates log streams before the containers start"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

data "aws_iam_policy_document" "pull" {
  statement {
    actions = [
      "ecr:BatchCheckLayerAvailability",
      "ecr:BatchGetImage",
      "ecr:GetDownloadUrlForLayer",
    ]
    resources = [var.repository_arn]
  }

  statement {
    # A token is for the whole registry: this action doesn't support resource-level permissions.
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"]
  }
}

resource "aws_iam_role_policy" "pull" {
  name   = "pull-image"
  role   = aws_iam_role.execution.id
  policy = data.aws_iam_policy_document.pull.json
}
