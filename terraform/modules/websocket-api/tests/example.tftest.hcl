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

  timestream_table_arns = { for table in ["people_count", "sensor_data", "bus_position", "stop_visit", "feeder_progress"] :
    table => "arn:aws:timestream:eu-west-1:123456789012:database/bus_simulator/table/${table}"
  }
}

run "the_stage_and_functions_of_the_manual" {
  assert {
    condition     = aws_apigatewayv2_stage.production.name == "production"
    error_message = "The stage of the manual."
  }

  assert {
    condition     = keys(aws_apigatewayv2_route.this) == ["$connect", "$default", "$disconnect"] && aws_apigatewayv2_route.this["$connect"].authorization_type == "CUSTOM"
    error_message = "Who connects is authorized."
  }

  assert {
    condition     = output.function_names == tolist(["bus-simulator-websocket-authorizer-v2", "bus-simulator-websocket-handler"])
    error_message = "The functions of the manual."
  }

  assert {
    condition     = aws_apigatewayv2_authorizer.websocket.identity_sources == toset(["route.request.querystring.api_key", "route.request.querystring.group_name"])
    error_message = "Both are needed; without one it is 401."
  }
}

run "inside_a_vpc_answers_go_by_ipv6" {
  variables {
    vpc = { subnet_ids = ["subnet-0123456789abcdef0"], security_group_id = "sg-0123456789abcdef0" }
  }

  assert {
    condition     = aws_apigatewayv2_api.websocket.ip_address_type == "dualstack" && one(aws_lambda_function.websocket_handler.vpc_config).ipv6_allowed_for_dual_stack
    error_message = "The API is reached by IPv6, the only way out of the VPC."
  }

  assert {
    condition     = length(aws_lambda_function.websocket_authorizer.vpc_config) == 0
    error_message = "The authorizer reads the secret only, and stays outside."
  }
}
