locals {
  prefix  = "latest"
  streams = ["bus_position", "people_count", "sensor_data"]
}

# No versions: each object is replaced at every tick, and the store keeps history.
resource "aws_s3_bucket" "latest" {
  #checkov:skip=CKV_AWS_21:versions of objects that are replaced every half minute would be a second store
  #checkov:skip=CKV2_AWS_61:three objects, replaced in place
  #checkov:skip=CKV2_AWS_62:functions read the objects when they are asked
  #checkov:skip=CKV_AWS_18:CloudTrail logs its readers and writers, if compliance enables it
  #checkov:skip=CKV_AWS_144:feeders write the objects again at the next tick
  bucket        = "bus-simulator-latest-${var.account_id}"
  force_destroy = true
}

resource "aws_s3_bucket_public_access_block" "latest" {
  bucket                  = aws_s3_bucket.latest.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "latest" {
  bucket = aws_s3_bucket.latest.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

data "aws_iam_policy_document" "tls" {
  statement {
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.latest.arn, "${aws_s3_bucket.latest.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "tls" {
  bucket     = aws_s3_bucket.latest.id
  policy     = data.aws_iam_policy_document.tls.json
  depends_on = [aws_s3_bucket_public_access_block.latest]
}
