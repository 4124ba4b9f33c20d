data "aws_partition" "this" {}

locals {
  # The parts that write files to the bucket, and the service that writes them.
  writers = { for part, service in { cloudtrail = "cloudtrail.amazonaws.com", config = "config.amazonaws.com" } : part => service if contains(var.parts, part) }
  bucket  = length(local.writers) > 0 ? toset(["audit"]) : toset([])
  config  = toset([for part in var.parts : part if part == "config"])
  trail   = toset([for part in var.parts : part if part == "cloudtrail"])
  guard   = toset([for part in var.parts : part if part == "guardduty"])
  flows   = toset([for part in var.parts : part if part == "flow-logs"])
  name    = "bus-simulator-audit-${var.account_id}"
}

resource "aws_s3_bucket" "audit" {
  for_each = local.bucket
  #checkov:skip=CKV2_AWS_62:an archive; nothing reacts to its files
  #checkov:skip=CKV_AWS_18:the bucket of the access log doesn't log itself
  #checkov:skip=CKV_AWS_144:a weekend's event needs one region only

  bucket        = local.name
  force_destroy = true
}

resource "aws_s3_bucket_public_access_block" "audit" {
  for_each = aws_s3_bucket.audit

  bucket                  = each.value.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "audit" {
  for_each = aws_s3_bucket.audit

  bucket = each.value.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "audit" {
  for_each = aws_s3_bucket.audit

  bucket     = each.value.id
  depends_on = [aws_s3_bucket_versioning.audit]

  rule {
    id     = "expire"
    status = "Enabled"

    filter {}

    expiration {
      days = 365
    }

    noncurrent_version_expiration {
      noncurrent_days = 30
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }
}

data "aws_iam_policy_document" "audit" {
  for_each = local.bucket

  statement {
    actions   = ["s3:GetBucketAcl", "s3:ListBucket"]
    resources = ["arn:${data.aws_partition.this.partition}:s3:::${local.name}"]

    principals {
      type        = "Service"
      identifiers = values(local.writers)
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.account_id]
    }
  }

  statement {
    actions   = ["s3:PutObject"]
    resources = ["arn:${data.aws_partition.this.partition}:s3:::${local.name}/AWSLogs/${var.account_id}/*"]

    principals {
      type        = "Service"
      identifiers = values(local.writers)
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.account_id]
    }

    condition {
      test     = "StringEquals"
      variable = "s3:x-amz-acl"
      values   = ["bucket-owner-full-control"]
    }
  }

  statement {
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = ["arn:${data.aws_partition.this.partition}:s3:::${local.name}", "arn:${data.aws_partition.this.partition}:s3:::${local.name}/*"]

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

resource "aws_s3_bucket_policy" "audit" {
  for_each = aws_s3_bucket.audit

  bucket     = each.value.id
  policy     = data.aws_iam_policy_document.audit[each.key].json
  depends_on = [aws_s3_bucket_public_access_block.audit]
}

resource "aws_cloudtrail" "this" {
  for_each = local.trail
  #checkov:skip=CKV_AWS_252:alarms have a topic; a trail's files need none
  #checkov:skip=CKV2_AWS_10:files in the bucket are enough; CloudTrail's event history also has 90 days

  name                          = "bus-simulator"
  s3_bucket_name                = aws_s3_bucket.audit["audit"].id
  include_global_service_events = true
  is_multi_region_trail         = true
  enable_log_file_validation    = true
  depends_on                    = [aws_s3_bucket_policy.audit]
}
