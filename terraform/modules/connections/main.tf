resource "aws_dynamodb_table" "connections" {
  #checkov:skip=CKV_AWS_28:connections live for hours; nothing in it is worth a backup
  name         = "bus-simulator-websocket-connections"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "connection_id"

  attribute {
    name = "connection_id"
    type = "S"
  }

  attribute {
    name = "group_name"
    type = "S"
  }

  # Includes the time to live, so that expired connections of a group aren't counted.
  global_secondary_index {
    name               = "by-group"
    hash_key           = "group_name"
    projection_type    = "INCLUDE"
    non_key_attributes = ["ttl"]
  }

  ttl {
    attribute_name = "ttl"
    enabled        = true
  }
}

# The subscribers of a line are one query: the fan-out never scans.
resource "aws_dynamodb_table" "subscriptions" {
  #checkov:skip=CKV_AWS_28:subscriptions live for hours; nothing in it is worth a backup
  name         = "bus-simulator-websocket-subscriptions"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "line_id"
  range_key    = "connection_id"

  attribute {
    name = "line_id"
    type = "S"
  }

  attribute {
    name = "connection_id"
    type = "S"
  }

  ttl {
    attribute_name = "ttl"
    enabled        = true
  }
}
