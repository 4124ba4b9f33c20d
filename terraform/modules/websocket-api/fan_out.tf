# A tick of a line with many clients is divided: chunks go through this queue to further invocations of the handler.
# A chunk is sent once: it expires before it could be taken again, since a second attempt would bring old positions
# after new ones, and some clients both. The function's errors raise an alarm.
resource "aws_sqs_queue" "chunks" {
  name                       = "bus-simulator-fan-out"
  message_retention_seconds  = 60
  visibility_timeout_seconds = 180 # six times the handler's timeout, as Lambda recommends
  sqs_managed_sse_enabled    = true
}

resource "aws_lambda_event_source_mapping" "chunks" {
  event_source_arn = aws_sqs_queue.chunks.arn
  function_name    = aws_lambda_function.websocket_handler.arn
  batch_size       = 1

  scaling_config {
    maximum_concurrency = var.fan_out_concurrency
  }

  depends_on = [aws_iam_role_policy.function]
}
