# Before, these were the module's own.
moved {
  from = aws_cloudwatch_log_group.task
  to   = module.tasks.aws_cloudwatch_log_group.this["mcp-server"]
}

moved {
  from = aws_ecs_task_definition.mcp_server
  to   = module.tasks.aws_ecs_task_definition.this["mcp-server"]
}

moved {
  from = aws_iam_role.task
  to   = module.tasks.aws_iam_role.task
}

moved {
  from = aws_iam_role_policy.logs
  to   = module.tasks.aws_iam_role_policy.logs
}

moved {
  from = aws_security_group.task
  to   = module.tasks.aws_security_group.this
}

moved {
  from = aws_vpc_security_group_egress_rule.https
  to   = module.tasks.aws_vpc_security_group_egress_rule.https
}

moved {
  from = aws_iam_role_policy.task
  to   = module.tasks.aws_iam_role_policy.task
}
