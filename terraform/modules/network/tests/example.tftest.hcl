mock_provider "aws" {
  source = "../../mocks"
}

variables {
  zones = ["eu-west-1a", "eu-west-1b"]
}

run "no_nat_gateway_and_no_paid_endpoint_by_default" {
  assert {
    condition     = length(aws_subnet.public) == 2 && length(aws_vpc_endpoint.interface) == 0
    error_message = "There must be two subnets and no interface endpoint."
  }

  assert {
    condition     = alltrue([for subnet in aws_subnet.public : !subnet.map_public_ip_on_launch])
    error_message = "Subnets must not assign public addresses by default."
  }

  assert {
    condition     = length(aws_default_security_group.closed.ingress) == 0 && length(aws_default_security_group.closed.egress) == 0
    error_message = "The default security group must allow no traffic."
  }
}

run "interface_endpoints_are_created_on_request" {
  variables {
    interface_endpoints = ["ssm"]
  }

  assert {
    condition     = aws_vpc_endpoint.interface["ssm"].service_name == "com.amazonaws.eu-west-1.ssm" && aws_vpc_endpoint.interface["ssm"].private_dns_enabled
    error_message = "The endpoint must have private DNS, so that clients in the VPC use the service's usual name."
  }
}

run "a_vpc_too_small_is_refused" {
  command = plan

  variables {
    cidr = "10.0.0.0/28"
  }

  expect_failures = [var.cidr]
}
