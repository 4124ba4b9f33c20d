data "aws_region" "this" {}

locals {
  name = "bus-simulator"
  port = 5432
  user = "bus"

  # Every process checks the server's certificate against the region's authorities, which AWS publishes there. The
  # password is the variable PGPASSWORD.
  authorities = "https://truststore.pki.rds.amazonaws.com/${data.aws_region.this.name}/${data.aws_region.this.name}-bundle.pem"
  store       = "postgresql://${local.user}@${aws_rds_cluster.store.endpoint}:${local.port}/${aws_rds_cluster.store.database_name}?sslmode=verify-full&sslrootcert=${local.authorities}"
}

# Subnets without a route out of the VPC.
resource "aws_subnet" "private" {
  for_each = { for i, zone in var.zones : zone => i }

  vpc_id            = var.vpc_id
  availability_zone = each.key
  cidr_block        = cidrsubnet(var.cidr, 4, 15 - each.value)
  tags              = { Name = "bus-simulator-database-${each.key}" }
}

resource "aws_route_table" "private" {
  vpc_id = var.vpc_id
  tags   = { Name = "bus-simulator-database" }
}

resource "aws_route_table_association" "private" {
  for_each = aws_subnet.private

  subnet_id      = each.value.id
  route_table_id = aws_route_table.private.id
}

resource "aws_db_subnet_group" "private" {
  name        = local.name
  description = "The database's private subnets"
  subnet_ids  = [for zone in var.zones : aws_subnet.private[zone].id]
}

resource "aws_rds_cluster_parameter_group" "store" {
  name        = local.name
  description = "The store refuses connections without TLS"
  family      = "aurora-postgresql${split(".", var.engine_version)[0]}"

  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }
}

resource "aws_rds_cluster" "store" {
  #checkov:skip=CKV_AWS_139:make destroy has to be able to remove it; its history can be simulated again
  #checkov:skip=CKV_AWS_162:tasks log in with a password from Secrets Manager; IAM's tokens last 15 minutes
  #checkov:skip=CKV_AWS_327:a key of our own for simulated buses; AWS's own encrypts them
  #checkov:skip=CKV2_AWS_8:the cluster's own backups of a day are enough: history can be simulated again
  #checkov:skip=CKV2_AWS_27:statements are the program's own; its log names those that fail
  cluster_identifier              = local.name
  engine                          = "aurora-postgresql"
  engine_mode                     = "provisioned"
  engine_version                  = var.engine_version
  database_name                   = "bus"
  master_username                 = local.user
  master_password_wo              = var.password
  master_password_wo_version      = 1
  db_subnet_group_name            = aws_db_subnet_group.private.name
  db_cluster_parameter_group_name = aws_rds_cluster_parameter_group.store.name
  vpc_security_group_ids          = [aws_security_group.database.id]
  port                            = local.port
  storage_encrypted               = true
  backup_retention_period         = 1
  copy_tags_to_snapshot           = true
  skip_final_snapshot             = true
  apply_immediately               = true
  enabled_cloudwatch_logs_exports = ["postgresql"]

  serverlessv2_scaling_configuration {
    min_capacity = var.capacity.min
    max_capacity = var.capacity.max
  }

  # AWS installs minor versions itself.
  lifecycle {
    ignore_changes = [engine_version]
  }

  depends_on = [aws_cloudwatch_log_group.database]
}

resource "aws_rds_cluster_instance" "store" {
  for_each = toset([for i in range(var.instances) : tostring(i)])
  #checkov:skip=CKV_AWS_118:the database's own metrics are enough; enhanced ones need another role
  #checkov:skip=CKV_AWS_353:Performance Insights is for many different statements; these are the program's own
  #checkov:skip=CKV_AWS_354:Performance Insights isn't enabled, so there is nothing to encrypt

  identifier                 = "${local.name}-${each.key}"
  cluster_identifier         = aws_rds_cluster.store.id
  engine                     = aws_rds_cluster.store.engine
  engine_version             = aws_rds_cluster.store.engine_version
  instance_class             = "db.serverless"
  publicly_accessible        = false
  auto_minor_version_upgrade = true
  apply_immediately          = true
  copy_tags_to_snapshot      = true

  lifecycle {
    ignore_changes = [engine_version]
  }
}

resource "aws_cloudwatch_log_group" "database" {
  name              = "/aws/rds/cluster/${local.name}/postgresql"
  retention_in_days = var.log_retention_in_days
}
