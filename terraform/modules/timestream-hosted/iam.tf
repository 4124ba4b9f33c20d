data "aws_iam_policy_document" "config" {
  statement {
    actions   = ["s3:GetObject"]
    resources = [var.network_arn, var.journal_arn]
  }

  statement {
    actions   = ["ssm:GetParameter"]
    resources = [var.clock_parameter_arn]
  }
}
