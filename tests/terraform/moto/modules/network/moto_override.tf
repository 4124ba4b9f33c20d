# moto never says that a subnet's IPv6 block is associated: the provider would wait for ever.
resource "aws_subnet" "public" {
  ipv6_cidr_block = null
}
