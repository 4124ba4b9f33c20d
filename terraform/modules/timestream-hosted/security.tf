locals {
  clients = merge(var.clients, { functions = aws_security_group.functions.id })
}

resource "aws_vpc_security_group_ingress_rule" "client" {
  for_each = local.clients

  security_group_id            = module.tasks.security_group_id
  description                  = each.key
  referenced_security_group_id = each.value
  ip_protocol                  = "tcp"
  from_port                    = local.port
  to_port                      = local.port
}

# The same in the clients' security groups.
resource "aws_vpc_security_group_egress_rule" "client" {
  for_each = local.clients

  security_group_id            = each.value
  description                  = "The hosted Timestream endpoint"
  referenced_security_group_id = module.tasks.security_group_id
  ip_protocol                  = "tcp"
  from_port                    = local.port
  to_port                      = local.port
}

# Functions that read the store run in its VPC.
resource "aws_security_group" "functions" {
  #checkov:skip=CKV2_AWS_5:attached to the functions of two other modules
  name        = "bus-simulator-functions"
  description = "Functions that read the hosted store: nothing comes in"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_egress_rule" "functions" {
  for_each = { ipv4 = "0.0.0.0/0", ipv6 = "::/0" }

  security_group_id = aws_security_group.functions.id
  description       = "AWS services"
  cidr_ipv4         = each.key == "ipv4" ? each.value : null
  cidr_ipv6         = each.key == "ipv6" ? each.value : null
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}
