mock_provider "aws" {
  source = "../../mocks"
}

variables {
  lambda_folder       = "../../../build/lambda"
  environment         = { BUS_SIMULATOR_STORE = "timestream://bus_simulator?region=eu-west-1" }
  secret              = { name = "bus-simulator/api-key", arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:bus-simulator/api-key-abcdef" }
  network_arn         = "arn:aws:s3:::bus-simulator-config-123456789012/config/network.json"
  journal_arn         = "arn:aws:s3:::bus-simulator-config-123456789012/config/journal.json"
  clock_parameter_arn = "arn:aws:ssm:eu-west-1:123456789012:parameter/bus-simulator/clock"
  request_limits = {
    table_arn   = "arn:aws:dynamodb:eu-west-1:123456789012:table/bus-simulator-request-limits"
    environment = { BUS_SIMULATOR_LIMITS_TABLE = "bus-simulator-request-limits", BUS_SIMULATOR_RATE_LIMIT = "50", BUS_SIMULATOR_DAILY_LIMIT = "10000" }
  }

  feed_arn = "arn:aws:s3:::bus-simulator-latest-123456789012/latest/gtfs.zip"

  latest_object_arns = { for stream in ["bus_position", "people_count", "sensor_data"] :
    stream => "arn:aws:s3:::bus-simulator-latest-123456789012/latest/${stream}.json.gz"
  }

  timestream_table_arns = { for table in ["people_count", "sensor_data", "bus_position", "stop_visit", "feeder_progress"] :
    table => "arn:aws:timestream:eu-west-1:123456789012:database/bus_simulator/table/${table}"
  }
}

run "the_api_of_the_contract" {
  assert {
    condition     = aws_apigatewayv2_api.http.name == "madrid-bus-simulator-http"
    error_message = "The name must be the operations manual's."
  }

  assert {
    condition     = one(aws_apigatewayv2_stage.default.default_route_settings).throttling_rate_limit == 50 && one(aws_apigatewayv2_stage.default.default_route_settings).throttling_burst_limit == 100
    error_message = "The stage must allow 50 requests per second with a burst of 100."
  }

  assert {
    condition = (
      aws_apigatewayv2_authorizer.rest.authorizer_result_ttl_in_seconds == 240
      && aws_apigatewayv2_authorizer.rest.authorizer_payload_format_version == "2.0"
      && aws_apigatewayv2_authorizer.rest.identity_sources == toset(["$request.header.x-api-key", "$request.header.x-group-name"])
    )
    error_message = "Verdicts must be cached for 240 seconds per key and group."
  }

  assert {
    condition     = keys(aws_apigatewayv2_route.open) == ["GET /health", "OPTIONS /{proxy+}"] && contains(keys(aws_apigatewayv2_route.authorized), "$default")
    error_message = "Only /health and preflights may be open; unknown paths must be authorized."
  }

  assert {
    condition     = alltrue([for route in aws_apigatewayv2_route.feed : route.authorization_type == "NONE"]) && keys(aws_apigatewayv2_route.feed) == ["ANY /emt/{proxy+}", "ANY /gtfs-rt/{feed}", "ANY /gtfs.zip", "ANY /siri/{service}"]
    error_message = "Only feeds, whose keys the function checks, may have no authorizer."
  }

  assert {
    condition     = sort(one(aws_apigatewayv2_api.http.cors_configuration).allow_headers) == tolist(["accesstoken", "content-type", "email", "if-none-match", "passkey", "password", "x-api-key", "x-clientid", "x-group-name"])
    error_message = "CORS must allow the headers with key and group, and those of EMT's login."
  }

  assert {
    condition     = aws_lambda_function.network_api.environment[0].variables["BUS_SIMULATOR_LIMITS_TABLE"] == "bus-simulator-request-limits"
    error_message = "Functions must count requests in the table."
  }

  assert {
    condition     = length(aws_lambda_function.people_count_api.vpc_config) == 0 && length(aws_iam_role_policy.vpc) == 0
    error_message = "Functions must run outside the VPC."
  }

  assert {
    condition     = output.function_names == tolist(["bus-simulator-bus-position", "bus-simulator-network", "bus-simulator-people-count", "bus-simulator-rest-authorizer", "bus-simulator-sensors"])
    error_message = "The functions must be the operations manual's."
  }
}

run "functions_go_where_a_hosted_store_is" {
  variables {
    timestream_table_arns = {}
    vpc                   = { subnet_ids = ["subnet-0123456789abcdef0"], security_group_id = "sg-0123456789abcdef0" }
  }

  assert {
    condition     = alltrue([for function in [aws_lambda_function.people_count_api, aws_lambda_function.sensors_api, aws_lambda_function.bus_position_api, aws_lambda_function.network_api] : one(function.vpc_config).ipv6_allowed_for_dual_stack])
    error_message = "Functions must run in the VPC, with IPv6 for outbound traffic."
  }

  assert {
    condition     = length(aws_lambda_function.rest_authorizer.vpc_config) == 0
    error_message = "The authorizer reads only the secret, so it must run outside the VPC."
  }
}

run "the_function_of_feeds_reads_the_keys_and_the_stored_messages" {
  variables {
    realtime_arn = "arn:aws:s3:::bus-simulator-latest-123456789012/latest/gtfs-rt/*"
  }

  assert {
    condition     = contains(flatten([for statement in data.aws_iam_policy_document.latest["network_api"].statement : statement.resources]), var.realtime_arn)
    error_message = "The function must be allowed to read the messages."
  }

  assert {
    condition     = [for name, policy in data.aws_iam_policy_document.function : name if contains(flatten([for statement in policy.statement : statement.actions]), "secretsmanager:GetSecretValue")] == ["network_api"]
    error_message = "Only the function that answers feeds may read the keys."
  }
}
