mock_provider "aws" {
  source = "../../mocks"
}

variables {
  account_id = "123456789012"
}

run "a_private_bucket_without_versions" {
  assert {
    condition     = aws_s3_bucket.latest.bucket == "bus-simulator-latest-123456789012"
    error_message = "The account must make the bucket's name unique."
  }

  assert {
    condition     = aws_s3_bucket_public_access_block.latest.block_public_policy && aws_s3_bucket_public_access_block.latest.restrict_public_buckets
    error_message = "The bucket must block public access."
  }

  assert {
    condition     = output.object_arns["bus_position"] == "${aws_s3_bucket.latest.arn}/latest/bus_position.json.gz" && length(output.object_arns) == 3
    error_message = "Each stream with a cadence must have an object; visits have none."
  }
}

run "an_account_is_twelve_digits" {
  command = plan

  variables {
    account_id = "1234"
  }

  expect_failures = [var.account_id]
}
