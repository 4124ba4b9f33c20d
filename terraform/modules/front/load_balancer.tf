locals {
  encrypted = var.certificate_arn != null
  scheme    = local.encrypted ? "https" : "http"
  host      = coalesce(var.domain, aws_lb.front.dns_name)
  url       = "${local.scheme}://${local.host}"
}

resource "aws_lb" "front" {
  #checkov:skip=CKV_AWS_91:the server itself logs every request with its group; access logs would need a bucket
  #checkov:skip=CKV_AWS_150:make destroy has to be able to remove it
  #checkov:skip=CKV2_AWS_20:without a certificate there is no HTTPS to redirect to; with one, port 80 redirects
  #checkov:skip=CKV2_AWS_28:the module web-acl attaches one if requests_per_address_5min is set
  name                       = "bus-simulator-front"
  load_balancer_type         = "application"
  subnets                    = var.subnet_ids
  security_groups            = [aws_security_group.load_balancer.id]
  drop_invalid_header_fields = true

  # The server pings WebSocket clients and writes to event streams more often than this, and closes a connection
  # that is silent for 10 minutes itself.
  idle_timeout = 660
}

resource "aws_lb_target_group" "server" {
  #checkov:skip=CKV_AWS_378:plain HTTP inside the VPC, between the load balancer and the tasks only
  name        = "bus-simulator-api-server"
  port        = local.port
  protocol    = "HTTP"
  target_type = "ip"
  vpc_id      = var.vpc_id

  # A WebSocket counts as an outstanding request, so new ones go to the task with the fewest. Tokens, cookies and
  # MCP sessions are valid at every task, so no client has to stay with one.
  load_balancing_algorithm_type = "least_outstanding_requests"
  deregistration_delay          = 30

  # The map's page. Not /health, which queries the store: a new task doesn't repair an unavailable store, and
  # Timestream would charge for it all day.
  health_check {
    path                = "/"
    matcher             = "200"
    interval            = 15
    timeout             = 5
    healthy_threshold   = 2
    unhealthy_threshold = 3
  }
}

resource "aws_lb_listener" "https" {
  for_each = toset(local.encrypted ? ["https"] : [])

  load_balancer_arn = aws_lb.front.arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = var.certificate_arn

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.server.arn
  }
}

resource "aws_lb_listener" "http" {
  #checkov:skip=CKV_AWS_2:with a certificate this port only redirects; without one there is no HTTPS
  #checkov:skip=CKV_AWS_103:a port of plain HTTP has no version of TLS
  load_balancer_arn = aws_lb.front.arn
  port              = 80
  protocol          = "HTTP"

  default_action {
    type             = local.encrypted ? "redirect" : "forward"
    target_group_arn = local.encrypted ? null : aws_lb_target_group.server.arn

    dynamic "redirect" {
      for_each = local.encrypted ? ["https"] : []

      content {
        protocol    = "HTTPS"
        port        = "443"
        status_code = "HTTP_301"
      }
    }
  }
}

resource "aws_route53_record" "front" {
  for_each = toset(var.zone_id == null ? [] : ["A"])

  zone_id = var.zone_id
  name    = var.domain
  type    = each.key

  alias {
    name                   = aws_lb.front.dns_name
    zone_id                = aws_lb.front.zone_id
    evaluate_target_health = false
  }
}

# Operators' commands read the address from here: a load balancer doesn't know its domain.
resource "aws_ssm_parameter" "url" {
  #checkov:skip=CKV2_AWS_34:a public address is no secret
  #checkov:skip=CKV_AWS_337:a public address is no secret
  name        = "/bus-simulator/url"
  description = "The URL of the load balancer in front of the API servers"
  type        = "String"
  value       = local.url
}

resource "aws_security_group" "load_balancer" {
  name        = "bus-simulator-front"
  description = "The load balancer: in by HTTP and HTTPS, out to the API servers only"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "load_balancer" {
  #checkov:skip=CKV_AWS_260:the API is public; port 80 redirects where there is a certificate
  for_each = { for pair in setproduct(var.client_cidrs, local.encrypted ? [80, 443] : [80]) : "${pair[0]}-${pair[1]}" => { cidr = pair[0], port = pair[1] } }

  security_group_id = aws_security_group.load_balancer.id
  description       = "Clients"
  cidr_ipv4         = each.value.cidr
  ip_protocol       = "tcp"
  from_port         = each.value.port
  to_port           = each.value.port
}

resource "aws_vpc_security_group_egress_rule" "load_balancer" {
  security_group_id            = aws_security_group.load_balancer.id
  description                  = "The API servers"
  referenced_security_group_id = module.tasks.security_group_id
  ip_protocol                  = "tcp"
  from_port                    = local.port
  to_port                      = local.port
}

resource "aws_vpc_security_group_ingress_rule" "task" {
  security_group_id            = module.tasks.security_group_id
  description                  = "The load balancer"
  referenced_security_group_id = aws_security_group.load_balancer.id
  ip_protocol                  = "tcp"
  from_port                    = local.port
  to_port                      = local.port
}
