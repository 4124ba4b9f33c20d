mock_provider "aws" {
  source = "../../mocks"
}

variables {
  vpc_id         = "vpc-0123456789abcdef0"
  cidr           = "10.42.0.0/16"
  zones          = ["eu-west-1a", "eu-west-1b"]
  clients        = { feeders = "sg-0123456789abcdef0", api-server = "sg-0123456789abcdef1" }
  first_password = "a-password-of-forty-characters-012345678"
  password       = "a-password-of-forty-characters-012345678"
  execution_role = { name = "bus-simulator-task-execution-role", arn = "arn:aws:iam::123456789012:role/bus-simulator-task-execution-role" }
  topic_arn      = "arn:aws:sns:eu-west-1:123456789012:bus-simulator-alarms"
}

run "a_private_database_whose_certificate_is_checked" {
  assert {
    condition     = output.store == "postgresql://bus@bus-simulator.cluster-abcdefghijkl.eu-west-1.rds.amazonaws.com:5432/bus?sslmode=verify-full&sslrootcert=https://truststore.pki.rds.amazonaws.com/eu-west-1/eu-west-1-bundle.pem"
    error_message = "The store's URL must check the server's certificate, and have no password."
  }

  assert {
    condition     = !aws_rds_cluster_instance.store["0"].publicly_accessible && aws_rds_cluster.store.storage_encrypted && one(aws_rds_cluster_parameter_group.store.parameter).value == "1"
    error_message = "The database must be private, encrypted, and refuse connections without TLS."
  }

  assert {
    condition     = sort([for subnet in aws_subnet.private : subnet.cidr_block]) == tolist(["10.42.224.0/20", "10.42.240.0/20"])
    error_message = "The private subnets must be the last ones, since the public ones are the first."
  }

  assert {
    condition     = sort(keys(aws_vpc_security_group_ingress_rule.client)) == tolist(["api-server", "feeders"]) && alltrue([for rule in aws_vpc_security_group_ingress_rule.client : rule.from_port == 5432 && rule.cidr_ipv4 == null])
    error_message = "Only its clients may connect, to one port."
  }
}

run "no_password_in_the_state" {
  assert {
    condition     = aws_rds_cluster.store.master_password == null && aws_rds_cluster.store.master_password_wo == null && aws_secretsmanager_secret_version.password.secret_string_wo == null
    error_message = "The password must be in Secrets Manager only."
  }

  assert {
    condition     = keys(output.secrets) == tolist(["PGPASSWORD"]) && aws_iam_role_policy.password.role == "bus-simulator-task-execution-role"
    error_message = "Clients must get the password from its secret when they start."
  }
}

run "a_second_instance_fails_over" {
  variables {
    instances = 2
  }

  assert {
    condition     = length(aws_rds_cluster_instance.store) == 2 && one(aws_rds_cluster.store.serverlessv2_scaling_configuration).min_capacity == 0.5
    error_message = "There must be two instances that grow with their load."
  }
}

run "a_capacity_that_aurora_lacks_is_refused" {
  command = plan

  variables {
    capacity = { min = 2, max = 1 }
  }

  expect_failures = [var.capacity]
}
