locals {
  ticked      = "/tmp/ticked"
  environment = merge(var.environment, { BUS_SIMULATOR_HEARTBEAT = local.ticked })

  feeders = {
    people-count-feeder = { feeder = "people-count", cpu = 256, memory = 1024 }
    sensors-feeder      = { feeder = "sensors", cpu = 256, memory = 1024 }
    bus-position-feeder = { feeder = "bus-position", cpu = 512, memory = 1024 }
  }
}

module "tasks" {
  source = "../tasks"

  vpc_id       = var.vpc_id
  image        = var.image
  image_digest = var.image_digest
  environment  = local.environment
  secrets      = var.secrets

  # ECS replaces a task that never begins to tick, and a deploy of such tasks rolls back. A feeder that writes nothing
  # later may wait for the store, or its clock is paused: alarms on lag and data say so.
  tasks = { for name, feeder in local.feeders : name => {
    size         = lookup(var.sizes, name, { cpu = feeder.cpu, memory = feeder.memory })
    command      = ["feed", feeder.feeder]
    log_prefix   = "feeder"
    health_check = { command = ["CMD", "test", "-e", local.ticked], interval = 30, timeout = 5, retries = 5, startPeriod = 300 }
  } }

  role           = { name = "bus-simulator-feeder-task-role", description = "Permissions of the feeders" }
  security_group = { name = "bus-simulator-feeders", description = "Feeders: nothing comes in" }
  execution_role = var.execution_role
  log_policy     = "feeder-logs"
  timestream     = { table_arns = var.timestream_table_arns, actions = ["timestream:DescribeTable", "timestream:Select", "timestream:WriteRecords"], unscoped_actions = ["timestream:DescribeEndpoints"] }
  policies       = { for name, document in merge(data.aws_iam_policy_document.events, data.aws_iam_policy_document.latest) : name => document.json }

  config = {
    network_arn         = var.network_arn
    journal_arn         = var.journal_arn
    journal_actions     = ["s3:GetObject"]
    clock_parameter_arn = var.clock_parameter_arn
  }

  log_retention_in_days = var.log_retention_in_days
}

# Each tick's log line has the feeder's lag; a metric filter needs neither a permission nor code.
resource "aws_cloudwatch_log_metric_filter" "lag" {
  for_each = local.feeders

  name           = "lag"
  log_group_name = module.tasks.log_groups[each.key]
  pattern        = "{ $.lag_s = * && $.feeder = \"${each.value.feeder}\" }"

  metric_transformation {
    namespace  = var.metrics_namespace
    name       = "FeederLag"
    value      = "$.lag_s"
    unit       = "Seconds"
    dimensions = { Feeder = "$.feeder" }
  }
}

resource "aws_ecs_service" "feeder" {
  for_each = local.feeders
  #checkov:skip=CKV_AWS_333:without a NAT gateway a task needs a public address to reach AWS; no inbound traffic is allowed

  name            = each.key
  cluster         = var.cluster_id
  task_definition = module.tasks.definitions[each.key]
  desired_count   = 1
  launch_type     = "FARGATE"
  propagate_tags  = "SERVICE"

  # One task at a time: the next one continues where this one stopped.
  deployment_minimum_healthy_percent = 0
  deployment_maximum_percent         = 100

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = var.subnet_ids
    security_groups  = [module.tasks.security_group_id]
    assign_public_ip = true
  }

  depends_on = [module.tasks]
}
