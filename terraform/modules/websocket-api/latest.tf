# For snapshots: the newest positions.
data "aws_iam_policy_document" "latest" {
  statement {
    actions   = ["s3:GetObject"]
    resources = [var.latest_object_arns["bus_position"]]
  }
}

resource "aws_iam_role_policy" "latest" {
  name   = "latest"
  role   = aws_iam_role.function["handler"].id
  policy = data.aws_iam_policy_document.latest.json
}
