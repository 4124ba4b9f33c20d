mock_provider "aws" {
  source = "../../mocks"
}

variables {
  vpc_id              = "vpc-0123456789abcdef0"
  subnet_ids          = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
  cluster             = { id = "arn:aws:ecs:eu-west-1:123456789012:cluster/bus-simulator-cluster", name = "bus-simulator-cluster" }
  execution_role      = { name = "bus-simulator-task-execution-role", arn = "arn:aws:iam::123456789012:role/bus-simulator-task-execution-role" }
  image               = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/bus-simulator-feeders:latest"
  environment         = { BUS_SIMULATOR_STORE = "postgresql://bus@bus-simulator.cluster-abc.eu-west-1.rds.amazonaws.com/bus?sslmode=verify-full" }
  secrets             = { PGPASSWORD = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:bus-simulator/database-password-abcdef" }
  network_arn         = "arn:aws:s3:::bus-simulator-config-123456789012/config/lines.yaml"
  journal_arn         = "arn:aws:s3:::bus-simulator-config-123456789012/config/journal.json"
  secret_arn          = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:bus-simulator/api-key-abcdef"
  clock_parameter_arn = "arn:aws:ssm:eu-west-1:123456789012:parameter/bus-simulator/clock"
  topic_arn           = "arn:aws:sns:eu-west-1:123456789012:bus-simulator-alarms"
  domain              = "bus.example.org"
  certificate_arn     = "arn:aws:acm:eu-west-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef"
  zone_id             = "Z0123456789ABCDEFGHIJ"
}

run "https_by_the_domains_name" {
  assert {
    condition     = output.url == "https://bus.example.org" && output.websocket_url == "wss://bus.example.org/ws" && aws_ssm_parameter.url.value == output.url
    error_message = "Clients and operators' commands must be given the domain."
  }

  assert {
    condition     = one(aws_lb_listener.http.default_action).type == "redirect" && one(aws_lb_listener.https["https"].default_action).type == "forward" && startswith(aws_lb_listener.https["https"].ssl_policy, "ELBSecurityPolicy-TLS13")
    error_message = "Plain HTTP must be redirected to HTTPS."
  }

  assert {
    condition     = toset([for rule in aws_vpc_security_group_ingress_rule.load_balancer : rule.from_port]) == toset([80, 443]) && aws_vpc_security_group_ingress_rule.task.cidr_ipv4 == null
    error_message = "Clients may reach the load balancer only, and the load balancer the tasks."
  }

  assert {
    condition     = aws_route53_record.front["A"].name == "bus.example.org"
    error_message = "The zone must have the domain's record."
  }
}

run "servers_that_scale_and_keep_websockets" {
  assert {
    condition     = module.tasks.containers["api-server"].command == ["serve", "--host", "0.0.0.0", "--port", "8080"] && module.tasks.containers["api-server"].secrets[0].name == "PGPASSWORD"
    error_message = "The task must serve, and get the password from its secret."
  }

  assert {
    condition     = strcontains(one([for variable in module.tasks.containers["api-server"].environment : variable.value if variable.name == "BUS_SIMULATOR_ALLOWED_HOSTS"]), "bus.example.org")
    error_message = "The MCP server must accept the domain."
  }

  assert {
    condition     = aws_lb.front.idle_timeout > 600 && aws_lb_target_group.server.load_balancing_algorithm_type == "least_outstanding_requests" && one(aws_lb_target_group.server.health_check).path == "/"
    error_message = "Silent WebSockets must live as long as the server lets them, and the health check must not query the store."
  }

  assert {
    condition     = aws_appautoscaling_target.tasks.resource_id == "service/bus-simulator-cluster/api-server" && aws_appautoscaling_target.tasks.min_capacity == 2 && aws_appautoscaling_target.tasks.max_capacity == 8
    error_message = "Autoscaling must set the service's number of tasks."
  }

  assert {
    condition     = !contains(module.tasks.policies, "timestream-access")
    error_message = "Without Timestream tables the role must have no Timestream permissions."
  }

  assert {
    condition     = length(output.alarms) == 5 && alltrue([for alarm in aws_cloudwatch_metric_alarm.front : alarm.alarm_actions == toset(["arn:aws:sns:eu-west-1:123456789012:bus-simulator-alarms"])])
    error_message = "Every alarm must notify the topic."
  }

  assert {
    condition = (
      aws_cloudwatch_metric_alarm.front["front-unauthorized"].namespace == one(aws_cloudwatch_log_metric_filter.unauthorized.metric_transformation).namespace
      && aws_cloudwatch_metric_alarm.front["front-unauthorized"].metric_name == one(aws_cloudwatch_log_metric_filter.unauthorized.metric_transformation).name
      && aws_cloudwatch_metric_alarm.front["front-5xx"].namespace == "AWS/ApplicationELB"
    )
    error_message = "The alarm on 401 must use the metric that the servers' log is counted in."
  }

  assert {
    condition     = module.tasks.containers["api-server"].dockerLabels == { image-digest = "none" }
    error_message = "Another image must start new tasks."
  }
}

run "plain_http_without_a_certificate" {
  variables {
    domain          = null
    certificate_arn = null
    zone_id         = null
  }

  assert {
    condition     = length(aws_lb_listener.https) == 0 && one(aws_lb_listener.http.default_action).type == "forward" && output.url == "http://bus-simulator-front-1.eu-west-1.elb.amazonaws.com"
    error_message = "Without a certificate port 80 must answer by the load balancer's own name."
  }
}

run "a_certificate_without_its_name_is_refused" {
  command = plan

  variables {
    domain  = null
    zone_id = null
  }

  expect_failures = [var.certificate_arn]
}

run "one_zone_is_refused" {
  command = plan

  variables {
    subnet_ids = ["subnet-0123456789abcdef0"]
  }

  expect_failures = [var.subnet_ids]
}
