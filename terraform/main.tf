provider "aws" {
  region = var.region

  default_tags {
    tags = { Project = "Madrid-Bus-Simulator" }
  }
}

data "aws_caller_identity" "this" {}

# Without local zones, which an account has to ask for, and in which most services are missing.
data "aws_availability_zones" "this" {
  #checkov:skip=CKV_AWS_394:The first two by name are taken, which a new zone with a later letter leaves as they are.
  state = "available"

  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

# Ephemeral: Terraform doesn't store the key; it is kept only in Secrets Manager.
ephemeral "aws_secretsmanager_random_password" "first_key" {
  password_length     = 40
  exclude_punctuation = true
}

locals {
  account_id = data.aws_caller_identity.this.account_id
  zones      = var.zones == null ? slice(sort(data.aws_availability_zones.this.names), 0, 2) : [for letter in var.zones : "${var.region}${letter}"]
  stored_in  = coalesce(var.store, var.timestream == "hosted" ? "hosted" : "timestream")
  hosted     = toset(local.stored_in == "hosted" ? ["endpoint"] : [])
  # What a client of the hosted endpoint may do: a token each.
  hosted_tokens = toset(local.stored_in == "hosted" ? ["reader", "writer"] : [])
  aurora        = local.stored_in == "aurora" ? 1 : 0
  functions     = var.front == "lambda" ? 1 : 0
  answering     = var.front == "lambda" ? "mcp-server" : "api-server"
  services      = ["people-count-feeder", "sensors-feeder", "bus-position-feeder", local.answering]
  image         = "${module.ecr.repository_url}:${var.image_tag}"

  # REST's functions limit each client. The stage has room for all teams beside a client that runs wild, and ends
  # a flood that would cost too much. An account's APIs together take 10,000 a second, in bursts of 5,000.
  rest_rate   = min(8000, 1000 + 10 * var.teams)
  rest_limits = { rate = local.rest_rate, burst = min(5000, local.rest_rate) }

  # MCP: two requests a second for each team, all clients together; bursts of twice as many.
  mcp_rate   = max(50, 2 * var.teams)
  mcp_limits = { rate = local.mcp_rate, burst = 2 * local.mcp_rate }

  table_arns = merge({}, [for timestream in module.timestream : timestream.table_arns]...)
  stores = {
    timestream = "timestream://bus_simulator?region=${var.region}"
    hosted     = "timestream://bus_simulator?region=${var.region}&endpoint_url=http://timestream.${module.cluster.namespace.name}:4568"
    aurora     = local.aurora == 1 ? module.aurora[0].store : ""
  }
  store = local.stores[local.stored_in]
  # Functions run in the VPC only if the store does: outside it they start faster and need no IP addresses.
  function_vpc   = one([for endpoint in module.timestream_hosted : { subnet_ids = module.network.subnet_ids, security_group_id = endpoint.functions_security_group_id }])
  function_names = flatten([for api in concat(module.api_gateway, module.websocket_api) : api.function_names])

  # What connects to the store, and its password or tokens, if it has some. Single outputs: a whole module would close a circle.
  store_clients = {
    feeders           = module.feeders.security_group_id
    (local.answering) = local.functions == 1 ? module.mcp_server[0].security_group_id : module.front[0].security_group_id
  }
  store_secrets = { for client in ["reader", "writer"] : client => merge(
    local.aurora == 1 ? module.aurora[0].secrets : {},
    length(local.hosted) == 1 ? { BUS_SIMULATOR_STORE_TOKEN = module.timestream_hosted["endpoint"].token_secrets[client].arn } : {},
  ) }
  function_token = length(local.hosted) == 1 ? module.timestream_hosted["endpoint"].token_secrets["reader"] : null

  settings = {
    BUS_SIMULATOR_STORE           = local.store
    BUS_SIMULATOR_CLOCK_PARAMETER = module.config.clock_parameter.name
    BUS_SIMULATOR_LOG_LEVEL       = var.log_level
  }
  # Functions read what feeders write for them and get events of positions; servers ask the store.
  latest = merge(
    { for objects in module.latest : "BUS_SIMULATOR_LATEST_OBJECTS" => objects.url },
    var.realtime_feeds && local.functions == 1 ? { BUS_SIMULATOR_REALTIME_FEEDS = "true" } : {},
  )
  events  = local.functions == 1 ? { BUS_SIMULATOR_EVENT_BUS = module.events.bus_name } : {}
  journal = { BUS_SIMULATOR_JOURNAL_OBJECT = module.config.journal.url }
  # Timestream deletes old records by itself.
  retention = local.aurora == 1 ? { BUS_SIMULATOR_KEEP_DAYS = tostring(var.keep_days) } : {}
  # The scenario counts in the run, so that feeders and servers must have the same.
  scenario          = var.scenario == "" ? {} : { BUS_SIMULATOR_SCENARIO = var.scenario }
  feeder_settings   = merge(local.settings, local.latest, local.journal, local.scenario, local.events, local.retention, { BUS_SIMULATOR_NETWORK = module.config.lines_yaml.url })
  server_settings   = merge(local.settings, local.scenario, { BUS_SIMULATOR_NETWORK = module.config.lines_yaml.url, BUS_SIMULATOR_SECRET_ID = module.secrets.name })
  function_settings = merge(local.settings, local.latest, local.journal, { BUS_SIMULATOR_NETWORK = module.config.network_json.url })
}

module "ecr" {
  source = "./modules/ecr"
}

module "network" {
  source = "./modules/network"

  zones = local.zones

  # Functions in the VPC read the clock's parameter and, for feeds, the keys, and divide large ticks by a queue.
  interface_endpoints = local.stored_in == "hosted" && var.front == "lambda" ? ["secretsmanager", "sqs", "ssm"] : []
}

module "cluster" {
  source = "./modules/cluster"

  vpc_id         = module.network.vpc_id
  repository_arn = module.ecr.repository_arn
}

module "config" {
  source = "./modules/config"

  account_id   = local.account_id
  lines_yaml   = var.lines_yaml
  network_json = var.network_json
}

module "latest" {
  source = "./modules/latest"
  count  = local.functions

  account_id = local.account_id
}

moved {
  from = module.latest
  to   = module.latest[0]
}

module "secrets" {
  source = "./modules/secrets"

  first_key = ephemeral.aws_secretsmanager_random_password.first_key.random_password
}

module "connections" {
  source = "./modules/connections"
  count  = local.functions
}

module "timestream" {
  source   = "./modules/timestream"
  for_each = toset(local.stored_in == "timestream" ? ["tables"] : [])
}

module "events" {
  source = "./modules/events"

  websocket_handler     = one(module.websocket_api[*].handler)
  cluster_id            = module.cluster.id
  services              = concat(local.services, [for endpoint in local.hosted : "timestream-endpoint"])
  log_retention_in_days = var.log_retention_in_days
}

module "feeders" {
  source = "./modules/feeders"

  vpc_id                = module.network.vpc_id
  subnet_ids            = module.network.subnet_ids
  cluster_id            = module.cluster.id
  execution_role        = module.cluster.execution_role
  image                 = local.image
  image_digest          = module.ecr.image_digest
  environment           = local.feeder_settings
  secrets               = local.store_secrets["writer"]
  sizes                 = var.feeder_sizes
  timestream_table_arns = local.table_arns
  network_arn           = module.config.lines_yaml.arn
  journal_arn           = module.config.journal.arn
  event_bus             = local.functions == 1 ? { arn = module.events.bus_arn } : null
  clock_parameter_arn   = module.config.clock_parameter.arn
  latest_object_arns    = flatten([for objects in module.latest : concat(values(objects.object_arns), [objects.feed_arn], var.realtime_feeds ? [objects.realtime_arn] : [])])
  log_retention_in_days = var.log_retention_in_days
}

module "mcp_server" {
  source = "./modules/mcp-server"
  count  = local.functions

  vpc_id                = module.network.vpc_id
  subnet_ids            = module.network.subnet_ids
  cluster_id            = module.cluster.id
  namespace             = module.cluster.namespace
  execution_role        = module.cluster.execution_role
  image                 = local.image
  image_digest          = module.ecr.image_digest
  environment           = merge(local.server_settings, local.journal, { BUS_SIMULATOR_CONTROL = "true" })
  secrets               = local.store_secrets["reader"]
  timestream_table_arns = local.table_arns
  network_arn           = module.config.lines_yaml.arn
  journal_arn           = module.config.journal.arn
  secret_arn            = module.secrets.arn
  clock_parameter_arn   = module.config.clock_parameter.arn
  limits                = local.mcp_limits
  domain                = var.mcp_domain
  log_retention_in_days = var.log_retention_in_days
}

module "request_limits" {
  source = "./modules/request-limits"
  count  = local.functions

  limits = var.client_limits
}

module "api_gateway" {
  source = "./modules/api-gateway"
  count  = local.functions

  lambda_folder         = var.lambda_folder
  environment           = local.function_settings
  store_token           = local.function_token
  secret                = { name = module.secrets.name, arn = module.secrets.arn }
  network_arn           = module.config.network_json.arn
  journal_arn           = module.config.journal.arn
  clock_parameter_arn   = module.config.clock_parameter.arn
  latest_object_arns    = module.latest[0].object_arns
  feed_arn              = module.latest[0].feed_arn
  realtime_arn          = var.realtime_feeds ? module.latest[0].realtime_arn : null
  timestream_table_arns = local.table_arns
  vpc                   = local.function_vpc
  request_limits        = { table_arn = module.request_limits[0].table_arn, environment = module.request_limits[0].environment }
  limits                = local.rest_limits
  log_retention_in_days = var.log_retention_in_days
}

module "websocket_api" {
  source = "./modules/websocket-api"
  count  = local.functions

  lambda_folder         = var.lambda_folder
  environment           = local.function_settings
  store_token           = local.function_token
  secret                = { name = module.secrets.name, arn = module.secrets.arn }
  network_arn           = module.config.network_json.arn
  clock_parameter_arn   = module.config.clock_parameter.arn
  latest_object_arns    = module.latest[0].object_arns
  timestream_table_arns = local.table_arns
  connections           = module.connections[0].connections
  subscriptions         = module.connections[0].subscriptions
  vpc                   = local.function_vpc
  log_retention_in_days = var.log_retention_in_days
}
