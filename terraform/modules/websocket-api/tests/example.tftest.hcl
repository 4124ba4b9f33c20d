mock_provider "aws" {
  source = "../../mocks"
}

variables {
  lambda_folder       = "../../../build/lambda"
  environment         = { BUS_SIMULATOR_STORE = "timestream://bus_simulator?region=eu-west-1" }
  secret              = { name = "bus-simulator/api-key", arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:bus-simulator/api-key-abcdef" }
  network_arn         = "arn:aws:s3:::bus-simulator-config-123456789012/config/network.json"
  clock_parameter_arn = "arn:aws:ssm:eu-west-1:123456789012:parameter/bus-simulator/clock"
  connections         = { name = "bus-simulator-websocket-connections", arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/bus-simulator-websocket-connections" }
  subscriptions       = { name = "bus-simulator-websocket-subscriptions", arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/bus-simulator-websocket-subscriptions" }

  latest_object_arns = { for stream in ["bus_position", "people_count", "sensor_data"] :
    stream => "arn:aws:s3:::bus-simulator-latest-123456789012/latest/${stream}.json.gz"
  }

  timestream_table_arns = { for table in ["people_count", "sensor_data", "bus_position", "stop_visit", "feeder_progress"] :
    table => "arn:aws:timestream:eu-west-1:123456789012:database/bus_simulator/table/${table}"
  }
}

run "the_stage_and_functions_of_the_manual" {
  assert {
    condition     = aws_lambda_event_source_mapping.chunks.batch_size == 1 && aws_sqs_queue.chunks.message_retention_seconds < aws_sqs_queue.chunks.visibility_timeout_seconds
    error_message = "A chunk must be sent at once and once."
  }

  assert {
    condition     = aws_apigatewayv2_stage.production.name == "production"
    error_message = "The stage must be the operations manual's."
  }

  assert {
    condition     = keys(aws_apigatewayv2_route.this) == ["$connect", "$default", "$disconnect"] && aws_apigatewayv2_route.this["$connect"].authorization_type == "CUSTOM"
    error_message = "$connect must be authorized."
  }

  assert {
    condition     = output.function_names == tolist(["bus-simulator-websocket-authorizer-v2", "bus-simulator-websocket-handler"])
    error_message = "The functions must be the operations manual's."
  }

  assert {
    condition     = aws_apigatewayv2_authorizer.websocket.identity_sources == toset(["route.request.querystring.api_key", "route.request.querystring.group_name"])
    error_message = "Key and group must both be identity sources: without one the gateway returns 401."
  }
}

run "in_a_vpc_the_handler_sends_by_ipv6" {
  variables {
    vpc = { subnet_ids = ["subnet-0123456789abcdef0"], security_group_id = "sg-0123456789abcdef0" }
  }

  assert {
    condition     = aws_apigatewayv2_api.websocket.ip_address_type == "dualstack" && one(aws_lambda_function.websocket_handler.vpc_config).ipv6_allowed_for_dual_stack
    error_message = "The API must be reachable by IPv6, the only outbound route from the VPC."
  }

  assert {
    condition     = length(aws_lambda_function.websocket_authorizer.vpc_config) == 0
    error_message = "The authorizer reads only the secret, so it must run outside the VPC."
  }
}
