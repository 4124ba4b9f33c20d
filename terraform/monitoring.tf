module "alarms" {
  source = "./modules/alarms"

  account_id         = local.account_id
  emails             = var.alarm_emails
  cluster_name       = module.cluster.name
  feeders            = module.feeders.feeders
  answering_services = { for service in concat(module.feeders.services, [local.answering], [for endpoint in module.timestream_hosted : endpoint.service]) : service => module.events.stopped_rules[service] }
  http_apis          = merge({ for api in module.api_gateway : "rest" => api.api_id }, { for api in module.mcp_server : "mcp" => api.api_id })
  websocket          = one([for api in module.websocket_api : { api_id = api.api_id, stage = api.stage }])
  functions          = local.function_names
  dead_letter_queues = local.functions == 0 ? [] : [module.events.dead_letter_queue]
  services_with_data = [for endpoint in module.timestream_hosted : endpoint.service]
  failure_metrics    = merge({}, [for endpoint in module.timestream_hosted : endpoint.failure_metrics]...)
}

module "dashboard" {
  source = "./modules/dashboard"

  cluster_name   = module.cluster.name
  feeders        = module.feeders.feeders
  mcp_service    = local.answering
  stopped_rules  = module.events.stopped_rules
  http_api_id    = one(module.api_gateway[*].api_id)
  mcp_api_id     = one(module.mcp_server[*].api_id)
  websocket      = one([for api in module.websocket_api : { api_id = api.api_id, stage = api.stage }])
  load_balancer  = one(module.front[*].load_balancer.in_metrics)
  database       = one(module.aurora[*].cluster)
  event_bus_name = module.events.bus_name
  functions      = local.function_names
}
