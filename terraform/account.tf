module "budget" {
  source   = "./modules/budget"
  for_each = toset(var.monthly_budget_usd == null ? [] : ["monthly"])

  limit_usd = var.monthly_budget_usd
  topic_arn = module.alarms.topic_arn
}

module "compliance" {
  source = "./modules/compliance"

  parts                 = var.compliance
  emails                = var.alarm_emails
  account_id            = local.account_id
  vpc_id                = module.network.vpc_id
  log_retention_in_days = var.log_retention_in_days
}
