# The map, the API's description and what they load: open, as everywhere. Their requests need a key.
locals {
  pages = toset([
    "GET /", "GET /map.js", "GET /style.css", "GET /maplibre.js", "GET /maplibre-worker.js", "GET /maplibre.css",
    "GET /LICENSES.txt", "GET /session", "GET /docs", "GET /docs/docs.js", "GET /docs/docs.css", "GET /openapi.json",
  ])
}

resource "aws_apigatewayv2_route" "page" {
  #checkov:skip=CKV_AWS_309:pages hold no records; the requests that they send need a key
  for_each = local.pages

  api_id             = aws_apigatewayv2_api.http.id
  route_key          = each.key
  target             = "integrations/${aws_apigatewayv2_integration.function["network_api"].id}"
  authorization_type = "NONE"
}
