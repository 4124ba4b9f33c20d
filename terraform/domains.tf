# Names of your own for the APIs of API Gateway; with front = "fargate" the load balancer has one name for all.
locals {
  api_domains = var.front == "fargate" ? {} : { for api, domain in {
    rest      = var.domain
    websocket = var.websocket_domain
    mcp       = var.mcp_domain
  } : api => domain if domain != null }

  mapped_apis = {
    rest      = local.functions == 1 ? { id = module.api_gateway[0].api_id, stage = module.api_gateway[0].stage } : null
    websocket = local.functions == 1 ? { id = module.websocket_api[0].api_id, stage = module.websocket_api[0].stage } : null
    mcp       = local.functions == 1 ? { id = module.mcp_server[0].api_id, stage = module.mcp_server[0].stage } : null
  }
}

module "api_domain" {
  source   = "./modules/api-domain"
  for_each = local.api_domains

  domain          = each.value
  certificate_arn = var.certificate_arn
  zone_id         = var.zone_id
  api             = local.mapped_apis[each.key]
}
