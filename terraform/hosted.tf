# The tokens of a hosted endpoint's clients. Ephemeral, like the first API key: they are kept only in Secrets Manager.
ephemeral "aws_secretsmanager_random_password" "token" {
  for_each = local.hosted_tokens

  password_length     = 40
  exclude_punctuation = true
}

module "timestream_hosted" {
  source   = "./modules/timestream-hosted"
  for_each = local.hosted

  vpc_id              = module.network.vpc_id
  subnet_ids          = module.network.subnet_ids
  cluster_id          = module.cluster.id
  namespace           = module.cluster.namespace
  execution_role      = module.cluster.execution_role
  image               = local.image
  image_digest        = module.ecr.image_digest
  network_arn         = module.config.lines_yaml.arn
  journal_arn         = module.config.journal.arn
  clock_parameter_arn = module.config.clock_parameter.arn
  first_tokens = {
    reader = ephemeral.aws_secretsmanager_random_password.token["reader"].random_password
    writer = ephemeral.aws_secretsmanager_random_password.token["writer"].random_password
  }
  environment = merge(local.journal, local.scenario, {
    BUS_SIMULATOR_NETWORK         = module.config.lines_yaml.url
    BUS_SIMULATOR_CLOCK_PARAMETER = module.config.clock_parameter.name
    BUS_SIMULATOR_LOG_LEVEL       = var.log_level
    AWS_REGION                    = var.region
  })
  clients               = local.store_clients
  log_retention_in_days = var.log_retention_in_days
}
