data "aws_iam_policy_document" "latest" {
  statement {
    actions   = ["s3:PutObject"]
    resources = concat(values(var.latest_object_arns), [var.feed_arn], var.realtime_arn[*])
  }
}

resource "aws_iam_role_policy" "latest" {
  name   = "latest-access"
  role   = aws_iam_role.task.id
  policy = data.aws_iam_policy_document.latest.json
}
