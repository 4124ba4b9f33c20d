mock_provider "aws" {
  source = "../../mocks"
}

variables {
  account_id   = "123456789012"
  lines_yaml   = "../../../data/lines.yaml"
  network_json = "../../../data/lines.yaml"
}

run "the_bucket_of_the_manual_and_its_two_files" {
  assert {
    condition     = aws_s3_bucket.config.bucket == "bus-simulator-config-123456789012"
    error_message = "The name must be the operations manual's."
  }

  assert {
    condition     = keys(aws_s3_object.config) == ["config/lines.yaml", "config/network.json"]
    error_message = "Both files must be in the bucket: one for feeders, one for functions."
  }

  assert {
    condition     = aws_s3_bucket_public_access_block.config.block_public_policy && aws_s3_bucket_public_access_block.config.restrict_public_buckets
    error_message = "The bucket must block public access."
  }
}

run "the_journal_is_empty_until_somebody_intervenes" {
  assert {
    condition     = aws_s3_object.journal.key == "config/journal.json" && jsondecode(aws_s3_object.journal.content) == []
    error_message = "The journal must exist, so that parts may read it without a permission to list the bucket."
  }
}

run "the_clock_is_wall_time_until_an_operator_moves_it" {
  assert {
    condition     = aws_ssm_parameter.clock.name == "/bus-simulator/clock" && aws_ssm_parameter.clock.insecure_value == "{}"
    error_message = "The clock parameter must have this name, and be wall time at first."
  }
}

run "a_file_that_is_missing_is_named" {
  command = plan

  variables {
    network_json = "no/such/file.json"
  }

  expect_failures = [var.network_json]
}
