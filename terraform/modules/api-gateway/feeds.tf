# Feeds for other programs. Those send key and group in the URL, and EMT's clients log in, which no identity source
# can name. So these routes have no authorizer: the function checks the key itself, with its own reading of the secret.
locals {
  feeds = toset([
    "ANY /gtfs.zip", "ANY /gtfs-rt/{feed}", "ANY /siri/{service}", "ANY /emt/{proxy+}",
  ])
}

resource "aws_apigatewayv2_route" "feed" {
  #checkov:skip=CKV_AWS_309:the function checks the key, which clients of feeds send in the URL or by a login
  for_each = local.feeds

  api_id             = aws_apigatewayv2_api.http.id
  route_key          = each.key
  target             = "integrations/${aws_apigatewayv2_integration.function["network_api"].id}"
  authorization_type = "NONE"
}
