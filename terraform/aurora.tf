# Ephemeral, like the first API key: the password is kept only in Secrets Manager.
ephemeral "aws_secretsmanager_random_password" "database" {
  count = local.aurora

  password_length     = 40
  exclude_punctuation = true
}

ephemeral "aws_secretsmanager_secret_version" "database" {
  count = local.aurora

  secret_id = module.aurora[0].password_secret_id
}

module "aurora" {
  source = "./modules/aurora"
  count  = local.aurora

  vpc_id                = module.network.vpc_id
  cidr                  = module.network.cidr
  zones                 = local.zones
  capacity              = var.aurora_capacity
  instances             = var.aurora_instances
  first_password        = ephemeral.aws_secretsmanager_random_password.database[0].random_password
  password              = ephemeral.aws_secretsmanager_secret_version.database[0].secret_string
  clients               = local.store_clients
  execution_role        = module.cluster.execution_role
  topic_arn             = module.alarms.topic_arn
  log_retention_in_days = var.log_retention_in_days
}
