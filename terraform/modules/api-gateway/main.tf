locals {
  environment = merge(
    var.environment,
    var.request_limits.environment,
    var.store_token == null ? {} : { BUS_SIMULATOR_STORE_TOKEN_SECRET = var.store_token.name },
  )

  # The tables that each function reads; `feeder_progress` has the coverage.
  functions = {
    people_count_api = { name = "bus-simulator-people-count", tables = ["people_count", "feeder_progress"] }
    sensors_api      = { name = "bus-simulator-sensors", tables = ["sensor_data", "bus_position", "feeder_progress"] }
    bus_position_api = { name = "bus-simulator-bus-position", tables = ["bus_position", "feeder_progress"] }
    network_api = {
      name   = "bus-simulator-network"
      tables = ["people_count", "sensor_data", "bus_position", "stop_visit", "feeder_progress"]
    }
  }

  # Operators edit the resources below: each function's timeout and memory size (docs/operations.md).
  by_function = {
    people_count_api = aws_lambda_function.people_count_api
    sensors_api      = aws_lambda_function.sensors_api
    bus_position_api = aws_lambda_function.bus_position_api
    network_api      = aws_lambda_function.network_api
  }
}

resource "aws_cloudwatch_log_group" "function" {
  for_each = local.functions

  name              = "/aws/lambda/${each.value.name}"
  retention_in_days = var.log_retention_in_days
}

resource "aws_lambda_function" "people_count_api" {
  function_name    = local.functions["people_count_api"].name
  description      = "REST: people waiting at a stop"
  filename         = "${var.lambda_folder}/people_count_api.zip"
  source_code_hash = filebase64sha256("${var.lambda_folder}/people_count_api.zip")
  handler          = "services.lambdas.rest.handler"
  runtime          = "python3.12"
  architectures    = ["arm64"]
  role             = aws_iam_role.function["people_count_api"].arn
  timeout          = 30
  memory_size      = 512

  environment {
    variables = local.environment
  }

  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.function["people_count_api"].name
  }

  dynamic "vpc_config" {
    for_each = var.vpc[*]

    content {
      subnet_ids                  = vpc_config.value.subnet_ids
      security_group_ids          = [vpc_config.value.security_group_id]
      ipv6_allowed_for_dual_stack = true
    }
  }

  depends_on = [aws_iam_role_policy.function, aws_iam_role_policy.vpc]
}

resource "aws_lambda_function" "sensors_api" {
  function_name    = local.functions["sensors_api"].name
  description      = "REST: sensors of buses and stops"
  filename         = "${var.lambda_folder}/sensors_api.zip"
  source_code_hash = filebase64sha256("${var.lambda_folder}/sensors_api.zip")
  handler          = "services.lambdas.rest.handler"
  runtime          = "python3.12"
  architectures    = ["arm64"]
  role             = aws_iam_role.function["sensors_api"].arn
  timeout          = 30
  memory_size      = 512

  environment {
    variables = local.environment
  }

  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.function["sensors_api"].name
  }

  dynamic "vpc_config" {
    for_each = var.vpc[*]

    content {
      subnet_ids                  = vpc_config.value.subnet_ids
      security_group_ids          = [vpc_config.value.security_group_id]
      ipv6_allowed_for_dual_stack = true
    }
  }

  depends_on = [aws_iam_role_policy.function, aws_iam_role_policy.vpc]
}

resource "aws_lambda_function" "bus_position_api" {
  function_name    = local.functions["bus_position_api"].name
  description      = "REST: bus positions"
  filename         = "${var.lambda_folder}/bus_position_api.zip"
  source_code_hash = filebase64sha256("${var.lambda_folder}/bus_position_api.zip")
  handler          = "services.lambdas.rest.handler"
  runtime          = "python3.12"
  architectures    = ["arm64"]
  role             = aws_iam_role.function["bus_position_api"].arn
  timeout          = 30
  memory_size      = 512

  environment {
    variables = local.environment
  }

  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.function["bus_position_api"].name
  }

  dynamic "vpc_config" {
    for_each = var.vpc[*]

    content {
      subnet_ids                  = vpc_config.value.subnet_ids
      security_group_ids          = [vpc_config.value.security_group_id]
      ipv6_allowed_for_dual_stack = true
    }
  }

  depends_on = [aws_iam_role_policy.function, aws_iam_role_policy.vpc]
}

resource "aws_lambda_function" "network_api" {
  function_name    = local.functions["network_api"].name
  description      = "REST: lines, stops, buses, health, feeds, and unknown paths"
  filename         = "${var.lambda_folder}/network_api.zip"
  source_code_hash = filebase64sha256("${var.lambda_folder}/network_api.zip")
  handler          = "services.lambdas.rest.handler"
  runtime          = "python3.12"
  architectures    = ["arm64"]
  role             = aws_iam_role.function["network_api"].arn
  timeout          = 30
  memory_size      = 512

  environment {
    variables = merge(local.environment, { BUS_SIMULATOR_SECRET_ID = var.secret.name })
  }

  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.function["network_api"].name
  }

  dynamic "vpc_config" {
    for_each = var.vpc[*]

    content {
      subnet_ids                  = vpc_config.value.subnet_ids
      security_group_ids          = [vpc_config.value.security_group_id]
      ipv6_allowed_for_dual_stack = true
    }
  }

  depends_on = [aws_iam_role_policy.function, aws_iam_role_policy.vpc]
}
