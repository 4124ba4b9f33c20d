# What each client has used: the functions keep the limits of all their instances together by it.
resource "aws_dynamodb_table" "uses" {
  #checkov:skip=CKV_AWS_28:counts of requests live for two days; nothing in it is worth a backup
  name         = "bus-simulator-request-limits"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "key_name"
  range_key    = "group_name"

  attribute {
    name = "key_name"
    type = "S"
  }

  attribute {
    name = "group_name"
    type = "S"
  }

  ttl {
    attribute_name = "ttl"
    enabled        = true
  }
}
