# front = "fargate": servers behind a load balancer take the place of the functions, the gateways and the MCP server.
module "front" {
  source = "./modules/front"
  count  = var.front == "fargate" ? 1 : 0

  vpc_id                = module.network.vpc_id
  subnet_ids            = module.network.subnet_ids
  cluster               = { id = module.cluster.id, name = module.cluster.name }
  execution_role        = module.cluster.execution_role
  image                 = local.image
  image_digest          = module.ecr.image_digest
  environment           = merge(local.server_settings, local.journal, { BUS_SIMULATOR_CONTROL = "true" })
  secrets               = local.store_secrets["reader"]
  size                  = var.server_size
  tasks                 = var.server_tasks
  limits                = var.client_limits
  domain                = var.domain
  certificate_arn       = var.certificate_arn
  zone_id               = var.zone_id
  client_cidrs          = var.client_cidrs
  timestream_table_arns = local.table_arns
  network_arn           = module.config.lines_yaml.arn
  journal_arn           = module.config.journal.arn
  secret_arn            = module.secrets.arn
  clock_parameter_arn   = module.config.clock_parameter.arn
  topic_arn             = module.alarms.topic_arn
  log_retention_in_days = var.log_retention_in_days
}

module "web_acl" {
  source = "./modules/web-acl"
  count  = var.requests_per_address_5min == null ? 0 : 1

  load_balancer_arn         = module.front[0].load_balancer.arn
  requests_per_address_5min = var.requests_per_address_5min
}

check "keys_are_encrypted" {
  assert {
    condition     = var.front == "lambda" || var.certificate_arn != null
    error_message = "Without certificate_arn the load balancer speaks plain HTTP: whoever is on the way can read keys. That is fit for a trial only."
  }
}
