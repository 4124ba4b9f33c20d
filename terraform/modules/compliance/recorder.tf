resource "aws_iam_role" "config" {
  for_each = local.config

  name               = "bus-simulator-config-role"
  description        = "Records the configuration of resources"
  assume_role_policy = data.aws_iam_policy_document.assume[each.key].json
}

resource "aws_iam_role_policy_attachment" "config" {
  for_each = local.config

  role       = aws_iam_role.config[each.key].name
  policy_arn = "arn:${data.aws_partition.this.partition}:iam::aws:policy/service-role/AWS_ConfigRole"
}

resource "aws_config_configuration_recorder" "this" {
  for_each = local.config

  name     = "bus-simulator"
  role_arn = aws_iam_role.config[each.key].arn

  recording_group {
    all_supported                 = true
    include_global_resource_types = true
  }
}

resource "aws_config_delivery_channel" "this" {
  for_each = local.config

  name           = "bus-simulator"
  s3_bucket_name = aws_s3_bucket.audit["audit"].id
  depends_on     = [aws_config_configuration_recorder.this, aws_s3_bucket_policy.audit]
}

resource "aws_config_configuration_recorder_status" "this" {
  for_each = local.config

  name       = aws_config_configuration_recorder.this[each.key].name
  is_enabled = true
  depends_on = [aws_config_delivery_channel.this]
}

resource "aws_config_config_rule" "managed" {
  for_each = length(local.config) > 0 ? {
    secrets-unused    = "SECRETSMANAGER_SECRET_UNUSED"
    buckets-no-read   = "S3_BUCKET_PUBLIC_READ_PROHIBITED"
    buckets-no-write  = "S3_BUCKET_PUBLIC_WRITE_PROHIBITED"
    no-open-ssh       = "INCOMING_SSH_DISABLED"
    root-has-no-key   = "IAM_ROOT_ACCESS_KEY_CHECK"
    functions-private = "LAMBDA_FUNCTION_PUBLIC_ACCESS_PROHIBITED"
  } : {}

  name = "bus-simulator-${each.key}"

  source {
    owner             = "AWS"
    source_identifier = each.value
  }

  depends_on = [aws_config_configuration_recorder.this]
}
