locals {
  objects = {
    "config/lines.yaml"   = { source = var.lines_yaml, type = "application/yaml" }
    "config/network.json" = { source = var.network_json, type = "application/json" }
  }
}

resource "aws_s3_bucket" "config" {
  #checkov:skip=CKV2_AWS_61:two small files; the lifecycle of old versions is below
  #checkov:skip=CKV2_AWS_62:feeders poll the object; nothing waits for a notification
  #checkov:skip=CKV_AWS_18:CloudTrail logs its readers and writers, if compliance enables it
  #checkov:skip=CKV_AWS_144:restored from the repository by one command
  bucket        = "bus-simulator-config-${var.account_id}"
  force_destroy = true
}

resource "aws_s3_bucket_public_access_block" "config" {
  bucket                  = aws_s3_bucket.config.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "config" {
  bucket = aws_s3_bucket.config.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "config" {
  bucket = aws_s3_bucket.config.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "config" {
  bucket = aws_s3_bucket.config.id

  rule {
    id     = "old-versions"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = 90
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  depends_on = [aws_s3_bucket_versioning.config]
}

data "aws_iam_policy_document" "tls" {
  statement {
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.config.arn, "${aws_s3_bucket.config.arn}/*"]

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
  bucket     = aws_s3_bucket.config.id
  policy     = data.aws_iam_policy_document.tls.json
  depends_on = [aws_s3_bucket_public_access_block.config]
}

resource "aws_s3_object" "config" {
  for_each = local.objects

  bucket       = aws_s3_bucket.config.id
  key          = each.key
  source       = each.value.source
  source_hash  = filemd5(each.value.source)
  content_type = each.value.type

  depends_on = [aws_s3_bucket_versioning.config, aws_s3_bucket_server_side_encryption_configuration.config]
}

# The journal of interventions: all parts read it, servers that make interventions write it, Terraform never does again.
resource "aws_s3_object" "journal" {
  bucket       = aws_s3_bucket.config.id
  key          = "config/journal.json"
  content      = "[]\n"
  content_type = "application/json"

  lifecycle {
    ignore_changes = [content]
  }

  depends_on = [aws_s3_bucket_versioning.config, aws_s3_bucket_server_side_encryption_configuration.config]
}

# The clock that all parts follow; {} means wall time. Operators move it; Terraform never does.
resource "aws_ssm_parameter" "clock" {
  #checkov:skip=CKV2_AWS_34:the simulated time is not a secret
  name           = "/bus-simulator/clock"
  description    = "Simulated time; {} is wall time"
  type           = "String"
  insecure_value = "{}"

  lifecycle {
    ignore_changes = [insecure_value]
  }
}
