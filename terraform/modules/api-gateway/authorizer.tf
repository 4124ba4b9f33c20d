# The authorizer always allows and passes a verdict: an HTTP API turns a denial into a bare 403, whereas the
# functions return the exact 401. A missing header gets API Gateway's own 401, from the identity sources.
resource "aws_cloudwatch_log_group" "authorizer" {
  name              = "/aws/lambda/bus-simulator-rest-authorizer"
  retention_in_days = var.log_retention_in_days
}

resource "aws_iam_role" "authorizer" {
  name               = "bus-simulator-rest-authorizer-role"
  description        = "Permissions of the REST authorizer"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

data "aws_iam_policy_document" "authorizer" {
  statement {
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.authorizer.arn}:*"]
  }

  statement {
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [var.secret.arn]
  }
}

resource "aws_iam_role_policy" "authorizer" {
  name   = "function"
  role   = aws_iam_role.authorizer.id
  policy = data.aws_iam_policy_document.authorizer.json
}

resource "aws_lambda_function" "rest_authorizer" {
  function_name    = "bus-simulator-rest-authorizer"
  description      = "REST: checks key and group"
  filename         = "${var.lambda_folder}/rest_authorizer.zip"
  source_code_hash = filebase64sha256("${var.lambda_folder}/rest_authorizer.zip")
  handler          = "services.lambdas.authorizers.rest"
  runtime          = "python3.12"
  architectures    = ["arm64"]
  role             = aws_iam_role.authorizer.arn
  timeout          = 10
  memory_size      = 256

  environment {
    variables = { BUS_SIMULATOR_SECRET_ID = var.secret.name }
  }

  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.authorizer.name
  }

  depends_on = [aws_iam_role_policy.authorizer]
}

resource "aws_apigatewayv2_authorizer" "rest" {
  name                              = "bus-simulator-rest"
  api_id                            = aws_apigatewayv2_api.http.id
  authorizer_type                   = "REQUEST"
  authorizer_uri                    = aws_lambda_function.rest_authorizer.invoke_arn
  authorizer_payload_format_version = "2.0"
  enable_simple_responses           = true
  identity_sources                  = ["$request.header.x-api-key", "$request.header.x-group-name"]

  # The function caches the secret for another 60 s, so a rotated key takes effect within 5 minutes.
  authorizer_result_ttl_in_seconds = 240
}

resource "aws_lambda_permission" "authorizer" {
  statement_id  = "api-gateway"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.rest_authorizer.function_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.http.execution_arn}/authorizers/${aws_apigatewayv2_authorizer.rest.id}"
}
