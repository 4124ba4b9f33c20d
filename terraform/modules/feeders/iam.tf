data "aws_iam_policy_document" "events" {
  for_each = toset(var.event_bus == null ? [] : ["events-access"])

  statement {
    actions   = ["events:PutEvents"]
    resources = [var.event_bus.arn]
  }
}

data "aws_iam_policy_document" "latest" {
  for_each = toset(length(var.latest_object_arns) == 0 ? [] : ["latest-access"])

  statement {
    actions   = ["s3:PutObject"]
    resources = var.latest_object_arns
  }
}
