output "vpc_id" {
  description = "The VPC."
  value       = aws_vpc.this.id
}

output "cidr" {
  description = "The VPC's IPv4 addresses."
  value       = aws_vpc.this.cidr_block
}

output "subnet_ids" {
  description = "The subnets, one a zone."
  value       = [for zone in var.zones : aws_subnet.public[zone].id]
}
